//! The booking database in memory: it reads what is wanted and writes a plan under the same guards as a store on disk does.
//! For tests and simulations, which need one that answers at once and forgets nothing.

mod guards;

use std::collections::{BTreeMap, BTreeSet};

use domain::{BookingId, RoomId, StayDates, UserId, booking::BookingStatus};

use crate::{
    booking::Booking,
    idempotency::{Digest, KeyHolder, KeyUse},
    invoice::Series,
    plan::Plan,
    snapshot::{Purged, PurgedMoney, Snapshot, Wanted},
};

pub use self::guards::Guard;

/// The booking database in memory.
#[derive(Debug, Clone)]
pub struct Books {
    /// Every row there is, and the clock. Tests move the clock and change rooms by writing here.
    pub rows: Snapshot,
}

impl Books {
    /// What the rows say now, as far as it is wanted.
    pub fn load(&self, wanted: &Wanted) -> Snapshot {
        let mut read = Snapshot::empty(self.rows.now);
        read.keys = self.keys(&wanted.scopes);
        let names = wanted.references.iter().filter_map(|name| self.rows.references.get_key_value(name));
        read.references = names.map(|(name, id)| (name.clone(), *id)).collect();
        read.open_holds = wanted.holders.iter().map(|user| (*user, self.open_holds(*user))).collect();
        self.bookings(&mut read, wanted);
        for stay in &wanted.stays {
            let hotel = self.rows.hotels.get(&stay.hotel_id).map(|hotel| (stay.hotel_id, hotel.clone()));
            read.hotels.extend(hotel);
            let all = self.rows.rooms.values().filter(|room| room.hotel_id == stay.hotel_id);
            let all = all.map(|room| room.room_id);
            let rooms = if stay.rooms.is_empty() { all.collect() } else { stay.rooms.clone() };
            self.rooms(&mut read, rooms, stay.dates);
        }
        read
    }

    /// Writes the plan, or nothing of it and says which guard missed.
    pub fn commit(&mut self, plan: &Plan) -> Result<(), Guard> {
        guards::missed(&self.rows, plan).map_or(Ok(()), Err)?;
        self.rows.advance(plan);
        Ok(())
    }

    /// Moves an ended booking to the purged ones. The record goes to the archive, which is the caller's.
    pub fn purge(&mut self, id: BookingId) -> Option<Booking> {
        let booking = self.rows.bookings.remove(&id)?;
        let record = &booking.record;
        let purged = Purged {
            booking_id: id,
            user_id: record.user_id,
            hotel_id: record.hotel_id,
            status: record.status,
            late_payment: record.late_payment,
            version: record.version,
        };
        self.rows.purged.insert(id, purged);
        self.rows.purged_money.insert(id, money(&booking));
        for used in self.rows.keys.values_mut().filter(|used| used.holder == KeyHolder::Booking(id)) {
            used.holder = KeyHolder::Purged(id);
        }
        Some(booking)
    }

    fn keys(&self, scopes: &BTreeSet<Digest>) -> BTreeMap<Digest, KeyUse> {
        let used = scopes.iter().filter_map(|scope| self.rows.keys.get_key_value(scope));
        used.map(|(scope, used)| (*scope, used.clone())).collect()
    }

    fn open_holds(&self, user: UserId) -> u32 {
        let open = |booking: &&Booking| {
            let record = &booking.record;
            record.user_id == user
                && record.status == BookingStatus::Reserved
                && record.hold_expires_at > self.rows.now
        };
        u32::try_from(self.rows.bookings.values().filter(open).count()).unwrap_or(u32::MAX)
    }

    fn bookings(&self, read: &mut Snapshot, wanted: &Wanted) {
        let holders = read.keys.values().filter_map(|used| match used.holder {
            KeyHolder::Booking(id) => Some(id),
            KeyHolder::Purged(_) | KeyHolder::Answer(_) => None,
        });
        let ids: BTreeSet<BookingId> = wanted.bookings.iter().copied().chain(holders).collect();
        for id in ids {
            read.bookings.extend(self.rows.bookings.get(&id).map(|booking| (id, booking.clone())));
            read.purged.extend(self.rows.purged.get(&id).map(|purged| (id, purged.clone())));
            read.purged_money.extend(self.rows.purged_money.get(&id).map(|money| (id, money.clone())));
        }
        let named: Vec<Booking> =
            wanted.bookings.iter().filter_map(|id| read.bookings.get(id)).cloned().collect();
        for booking in named {
            if wanted.rooms_of.contains(&booking.record.booking_id) {
                self.rooms(read, booking.units().into_keys().collect(), booking.record.dates);
            }
            let needed = Series::needed(&booking).into_iter().filter(|_| wanted.series);
            let last = |series: Series| Some((series, *self.rows.series.get(&series)?));
            read.series.extend(needed.filter_map(last));
        }
    }

    fn rooms(&self, read: &mut Snapshot, rooms: BTreeSet<RoomId>, dates: StayDates) {
        for room in rooms {
            read.rooms.extend(self.rows.rooms.get(&room).map(|stock| (room, stock.clone())));
            let nights = dates.nights().map(|date| (room, date));
            read.nights.extend(nights.map(|at| (at, self.rows.nights.get(&at).copied().flatten())));
        }
    }
}

fn money(booking: &Booking) -> PurgedMoney {
    PurgedMoney {
        payments: booking.payments.clone(),
        refunds: booking.refunds.clone(),
        voids: booking.voids.clone(),
        invoice: booking.invoice.clone(),
        credit_notes: booking.credit_notes.clone(),
    }
}
