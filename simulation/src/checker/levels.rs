//! How many units each night had at every moment, and whether rooms were on sale.

use std::collections::BTreeMap;

use booking_core::{Booking, Plan, RoomNight, RoomStock, Snapshot};
use domain::{Money, RoomId, booking::BookingStatus};

use super::breach::{Breach, Verdict};

/// One moment of a night.
#[derive(Debug, Clone, Copy)]
struct Level {
    step: u64,
    /// The fewest there were within the transaction.
    low: u32,
    after: u32,
}

/// The history of nights and rooms.
#[derive(Debug)]
pub(super) struct Levels {
    nights: BTreeMap<RoomNight, Vec<Level>>,
    on_sale: BTreeMap<RoomId, Vec<(u64, bool)>>,
    /// What a night of a room costs, from which step on.
    prices: BTreeMap<RoomId, Vec<(u64, i64)>>,
}

impl Levels {
    pub(super) fn new(rows: &Snapshot) -> Self {
        let level = |at: &RoomNight| {
            let after = rows.night(at.0, at.1).available;
            (*at, vec![Level { step: 0, low: after, after }])
        };
        let on_sale = rows.rooms.values().map(|room| (room.room_id, vec![(0, room.on_sale())]));
        let prices = rows.rooms.values().map(|room| (room.room_id, vec![(0, price(room))]));
        Self {
            nights: rows.nights.keys().map(level).collect(),
            on_sale: on_sale.collect(),
            prices: prices.collect(),
        }
    }

    pub(super) fn committed(&mut self, step: u64, plan: &Plan, rows: &Snapshot) -> Verdict {
        for (at, delta) in &plan.nights {
            let history = self.nights.entry(*at).or_default();
            let before = history.last().map_or(0, |level| level.after);
            let after = rows.night(at.0, at.1).available;
            history.push(Level { step, low: after.min(before.saturating_sub(delta.taken)), after });
            night_is_right(*at, delta.taken > 0, rows)?;
        }
        for room in plan.stock.keys() {
            let off = rows.rooms.get(room).is_some_and(|stock| !stock.on_sale());
            let sold = plan
                .bookings
                .iter()
                .any(|new| new.record.facts.lines.iter().any(|line| line.room_id == *room));
            if off && sold {
                return Breach::of("nothing is sold that is off sale", || format!("{room} was sold"));
            }
        }
        Ok(())
    }

    pub(super) fn changed(&mut self, step: u64, rows: &Snapshot, room: RoomId) {
        for (at, history) in self.nights.iter_mut().filter(|((of, _), _)| *of == room) {
            let after = rows.night(at.0, at.1).available;
            history.push(Level { step, low: after, after });
        }
        let on_sale = rows.rooms.get(&room).is_some_and(RoomStock::on_sale);
        self.on_sale.entry(room).or_default().push((step, on_sale));
        let price = rows.rooms.get(&room).map(|stock| (step, price(stock)));
        self.prices.entry(room).or_default().extend(price);
    }

    pub(super) fn was_short(&self, at: RoomNight, wanted: u32, (from, until): (u64, u64)) -> bool {
        let Some(history) = self.nights.get(&at) else { return true };
        let before = history.iter().rev().find(|level| level.step <= from).map_or(0, |level| level.after);
        let mut within = history.iter().filter(|level| level.step > from && level.step <= until);
        before < wanted || within.any(|level| level.low < wanted || level.after < wanted)
    }

    pub(super) fn did_cost(
        &self,
        units: &BTreeMap<RoomId, u32>,
        (nights, total): (u32, Money),
        (from, until): (u64, u64),
    ) -> bool {
        let of_room = |room: &RoomId| self.prices.get(room).map_or(&[][..], Vec::as_slice);
        let changed = units.keys().flat_map(|room| of_room(room).iter().map(|(step, _)| *step));
        let mut moments = changed.filter(|step| *step > from && *step <= until).chain([from]);
        let at = |room: &RoomId, moment: u64| {
            of_room(room).iter().rev().find(|(step, _)| *step <= moment).map_or(0, |(_, price)| *price)
        };
        moments.any(|moment| {
            let night: i64 = units.iter().map(|(room, units)| i64::from(*units) * at(room, moment)).sum();
            night * i64::from(nights) == total.amount()
        })
    }

    pub(super) fn was_off_sale(&self, room: RoomId, (from, until): (u64, u64)) -> bool {
        let Some(history) = self.on_sale.get(&room) else { return true };
        let before =
            history.iter().rev().find(|(step, _)| *step <= from).is_some_and(|(_, on_sale)| !on_sale);
        before || history.iter().any(|(step, on_sale)| *step > from && *step <= until && !on_sale)
    }
}

fn price(room: &RoomStock) -> i64 {
    room.night_price().map_or(0, Money::amount)
}

/// Of every night to come `initial = available + sold`, and what is sold now is not above the quantity.
fn night_is_right(at: RoomNight, takes: bool, rows: &Snapshot) -> Verdict {
    let sold: u32 = rows.bookings.values().map(|booking| taken_by(booking, at)).sum();
    let quantity = rows.rooms.get(&at.0).map_or(0, |stock| stock.quantity);
    if takes && sold > quantity {
        let what = || format!("{at:?}: {sold} of {quantity} are sold");
        return Breach::of("nothing is sold above its quantity", what);
    }
    let night = rows.night(at.0, at.1);
    let adds_up =
        night.sold() == sold && night.initial == quantity.max(sold) && night.available <= night.initial;
    if adds_up || is_over(at, rows) {
        return Ok(());
    }
    Breach::of("initial = available + held + booked", || {
        format!("{at:?}: {night:?}, {sold} are sold, the room has {quantity}")
    })
}

/// The units of that night that the booking holds or has booked.
fn taken_by(booking: &Booking, (room, date): RoomNight) -> u32 {
    let record = &booking.record;
    let dates = record.dates;
    if record.status == BookingStatus::Cancelled || date < dates.start_date() || date >= dates.end_date() {
        return 0;
    }
    let lines = record.facts.lines.iter().filter(|line| line.room_id == room);
    lines.map(|line| u32::from(line.quantity)).sum()
}

/// Whether the night is past: nothing is given back on it any more.
fn is_over(at: RoomNight, rows: &Snapshot) -> bool {
    let anyone = rows.bookings.values().next();
    anyone.is_none_or(|booking| booking.record.hotel_today(rows.now) > at.1)
}
