//! A quote: a priced stay that stands for a while. Core makes and checks its contents; the edge signs them.

use chrono::NaiveDate;
use domain::{
    Currency, HotelId, Instant, Invalid, Money, RoomId, StayDates,
    booking::Party,
    money::MoneyError,
    price::{CancellationPolicy, Charge, NightPrice, PolicyStep, Price, PriceLine},
};
use serde::{Deserialize, Serialize};

use crate::{
    price,
    refusal::{CrowdedLine, Refusal},
    rules::Rules,
    snapshot::Snapshot,
    stay::{Stay, StayLine},
    stock::{RoomStock, SeenHotel},
};

/// What a quote token holds. Its JSON is short (about 1.2 KiB at the most lines and nights while a room has one price
/// a night), so that the sealed token stays under 2 KiB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Wire", try_from = "Wire")]
pub struct Quote {
    /// What was asked for.
    pub stay: Stay,
    /// Its price, fixed.
    pub price: Price,
    /// Its policy, fixed.
    pub cancellation_policy: CancellationPolicy,
    /// From then on it is too old.
    pub expires_at: Instant,
}

/// Prices a stay: refused as the booking would be, sold-out nights included; stores and holds nothing.
pub fn quote(snapshot: &Snapshot, stay: &Stay, rules: &Rules) -> Result<Quote, Refusal> {
    let hotel = sellable(snapshot, stay)?;
    let price = price::price(snapshot, hotel, stay)?;
    let short = snapshot.short_nights(&stay.units(), stay.dates());
    if !short.is_empty() {
        return Err(Refusal::SoldOut(short));
    }
    let cancellation_policy = price::policy(hotel.facts.time_zone, stay.dates(), price.total, snapshot.now);
    let expires_at = snapshot.now.plus(rules.quote_valid);
    Ok(Quote { stay: stay.clone(), price, cancellation_policy, expires_at })
}

/// The hotel of a stay that may be sold today, sold-out nights left aside.
pub(crate) fn sellable<'a>(snapshot: &'a Snapshot, stay: &Stay) -> Result<&'a SeenHotel, Refusal> {
    let hotel = snapshot.hotels.get(&stay.hotel_id()).ok_or(Refusal::UnknownHotel(stay.hotel_id()))?;
    let room = |room| snapshot.rooms.get(&room).filter(|row| row.hotel_id == stay.hotel_id());
    if let Some(line) = stay.lines().iter().position(|line| room(line.room_id).is_none()) {
        return Err(Refusal::UnknownRoom { line });
    }
    let today = hotel.facts.time_zone.date_of(snapshot.now);
    stay.dates().sellable_on(today).map_err(Refusal::InvalidStay)?;
    let crowded = crowded_lines(snapshot, stay);
    if !crowded.is_empty() {
        return Err(Refusal::OccupancyExceeded(crowded));
    }
    let on_sale = |id| hotel.is_active && room(id).is_some_and(RoomStock::on_sale);
    let stopped = stay.lines().iter().enumerate().filter(|(_, line)| !on_sale(line.room_id));
    let lines: Vec<usize> = stopped.map(|(index, _)| index).collect();
    if lines.is_empty() { Ok(hotel) } else { Err(Refusal::Restricted { lines }) }
}

fn crowded_lines(snapshot: &Snapshot, stay: &Stay) -> Vec<CrowdedLine> {
    let lines = stay.lines().iter().enumerate();
    lines
        .filter_map(|(index, line)| {
            let occupancy = snapshot.rooms.get(&line.room_id)?.occupancy;
            let people = line.party.people();
            let crowded = people > u16::from(occupancy);
            crowded.then_some(CrowdedLine { line: index, people, occupancy })
        })
        .collect()
}

impl Quote {
    /// Whether it fixes the price of that stay at `now`.
    pub fn redeem(&self, stay: &Stay, now: Instant) -> Result<(), Refusal> {
        if self.stay != *stay {
            Err(Refusal::QuoteMismatch)
        } else if self.expires_at <= now {
            Err(Refusal::QuoteExpired(self.expires_at))
        } else {
            Ok(())
        }
    }
}

/// The short form. Prices of equal nights in a row stand once with their count; instants in microseconds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    h: HotelId,
    d: (NaiveDate, NaiveDate),
    l: Vec<WireLine>,
    c: Currency,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    g: Vec<Charge>,
    f: Option<i64>,
    s: Vec<(i64, i64)>,
    x: i64,
}

/// Room, quantity, adults, ages of children, (nights, amount) of each run.
type WireLine = (RoomId, u8, u8, Vec<u8>, Vec<(u16, i64)>);

impl From<Quote> for Wire {
    fn from(quote: Quote) -> Self {
        let dates = quote.stay.dates();
        let lines = quote.stay.lines().iter().zip(&quote.price.lines);
        let step = |step: &PolicyStep| (step.from.epoch_micros(), step.penalty.amount());
        Self {
            h: quote.stay.hotel_id(),
            d: (dates.start_date(), dates.end_date()),
            l: lines.map(|(line, priced)| wire_line(line, &priced.nights)).collect(),
            c: quote.price.total.currency(),
            f: quote.cancellation_policy.free_until.map(Instant::epoch_micros),
            s: quote.cancellation_policy.steps.iter().map(step).collect(),
            x: quote.expires_at.epoch_micros(),
            g: quote.price.charges,
        }
    }
}

fn wire_line(line: &StayLine, nights: &[NightPrice]) -> WireLine {
    let mut runs: Vec<(u16, i64)> = Vec::new();
    for night in nights {
        match runs.last_mut() {
            Some((count, amount)) if *amount == night.amount.amount() => *count = count.saturating_add(1),
            Some(_) | None => runs.push((1, night.amount.amount())),
        }
    }
    (line.room_id, line.quantity, line.party.adults(), line.party.child_ages().to_vec(), runs)
}

impl TryFrom<Wire> for Quote {
    type Error = Invalid;

    fn try_from(wire: Wire) -> Result<Self, Invalid> {
        let dates = StayDates::parse(wire.d.0, wire.d.1)?;
        let lines = wire.l.iter().map(stay_line).collect::<Result<Vec<_>, _>>()?;
        let stay = Stay::parse(wire.h, dates, lines)?;
        let priced = (1u8..).zip(&wire.l).map(|(number, line)| price_line(number, line, dates, wire.c));
        let price = Price::of(wire.c, priced.collect::<Result<Vec<_>, _>>()?, wire.g).map_err(unreadable)?;
        let step = |(from, penalty): (i64, i64)| {
            let penalty = Money::new(penalty, wire.c).map_err(unreadable)?;
            Ok(PolicyStep { from: instant(from)?, penalty })
        };
        let steps = wire.s.into_iter().map(step).collect::<Result<Vec<_>, Invalid>>()?;
        let free_until = wire.f.map(instant).transpose()?;
        let cancellation_policy = CancellationPolicy { free_until, steps };
        Ok(Self { stay, price, cancellation_policy, expires_at: instant(wire.x)? })
    }
}

fn stay_line((room_id, quantity, adults, ages, _): &WireLine) -> Result<StayLine, Invalid> {
    Ok(StayLine { room_id: *room_id, quantity: *quantity, party: Party::parse(*adults, ages.clone())? })
}

fn price_line(
    number: u8,
    (room, quantity, _, _, runs): &WireLine,
    dates: StayDates,
    currency: Currency,
) -> Result<PriceLine, Invalid> {
    let amounts: Vec<i64> =
        runs.iter().flat_map(|(count, amount)| std::iter::repeat_n(*amount, usize::from(*count))).collect();
    if amounts.len() != usize::from(dates.night_count()) {
        return Err(Invalid::malformed("A price for each night."));
    }
    let night =
        |(date, amount)| Ok(NightPrice { date, amount: Money::new(amount, currency).map_err(unreadable)? });
    let nights = dates.nights().zip(amounts).map(night).collect::<Result<Vec<_>, Invalid>>()?;
    price::priced_line(number, *room, *quantity, nights).map_err(unreadable)
}

fn unreadable(_: MoneyError) -> Invalid {
    Invalid::malformed("Amounts of one currency.")
}

fn instant(micros: i64) -> Result<Instant, Invalid> {
    Instant::from_epoch_micros(micros).ok_or_else(|| Invalid::malformed("A moment in microseconds."))
}
