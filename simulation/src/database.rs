//! The database of a run: bookings under their guards, the outbox, the leases of its lanes, the inbox of a consumer, row locks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use booking_core::{
    Booking, Claim, Plan, RefundStatus, RoomNight, Snapshot, Wanted,
    books::{Books, Guard},
    invoice::Series,
};
use domain::{
    BookingId, EventId, HotelId, Instant, Money, RoomId,
    booking::{BookingRecord, BookingStatus, PaymentStatus},
};
use uuid::Uuid;

use crate::{
    hotels::lane_of,
    planted::{Planted, twisted},
};

/// The partitions of `booking.events`.
pub(crate) const PARTITIONS: usize = 2;

/// A row of the outbox: what one transaction has to tell in a lane.
#[derive(Debug, Clone)]
pub(crate) struct OutboxRow {
    pub(crate) id: u64,
    pub(crate) lane: u8,
    pub(crate) events: Vec<Told>,
    pub(crate) nights: BTreeSet<RoomNight>,
    pub(crate) published: bool,
}

/// An event of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) event_id: EventId,
    pub(crate) booking_id: BookingId,
    pub(crate) version: i64,
    /// Whether it carries its facts, since its booking was purged when it happened.
    pub(crate) whole: bool,
}

/// What is kept of a lane.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LaneRow {
    /// Who publishes, and until when.
    pub(crate) lease: Option<(u64, u64)>,
    pub(crate) low_water: u64,
}

/// The database.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) books: Books,
    pub(crate) archive: BTreeMap<BookingId, Arc<BookingRecord>>,
    pub(crate) outbox: Vec<OutboxRow>,
    /// Entries whose booking was gone when they were to be published.
    pub(crate) broken: Vec<Told>,
    last_outbox_id: u64,
    pub(crate) lanes: BTreeMap<u8, LaneRow>,
    /// Processes by when they came and until when they live; who has which share of hotels, and until when.
    pub(crate) copies: BTreeMap<u64, (u64, u64)>,
    pub(crate) shares: BTreeMap<u8, (u64, u64)>,
    /// What others hold locked, and until when.
    locks: Vec<(Claim, u64)>,
    /// What the consumer has handled, in the transactions of its effects.
    pub(crate) inbox: BTreeSet<EventId>,
    /// Its effects: the versions it was told of each booking, in order.
    pub(crate) effects: BTreeMap<BookingId, Vec<i64>>,
    pub(crate) offsets: [usize; PARTITIONS],
    /// When voids and refunds were last tried, and papers last numbered.
    pub(crate) tried: BTreeMap<Uuid, u64>,
}

impl Database {
    pub(crate) fn new(rows: Snapshot) -> Self {
        Self {
            books: Books { rows },
            archive: BTreeMap::new(),
            outbox: Vec::new(),
            broken: Vec::new(),
            last_outbox_id: 0,
            lanes: BTreeMap::new(),
            copies: BTreeMap::new(),
            shares: BTreeMap::new(),
            locks: Vec::new(),
            inbox: BTreeSet::new(),
            effects: BTreeMap::new(),
            offsets: [0; PARTITIONS],
            tried: BTreeMap::new(),
        }
    }

    /// The first id of the rows that are being written, one for each lane. They are committed later, perhaps behind later ones.
    pub(crate) fn next_outbox_id(&mut self) -> u64 {
        let first = self.last_outbox_id.saturating_add(1);
        self.last_outbox_id = self.last_outbox_id.saturating_add(u64::from(delivery::LANES));
        first
    }

    /// Commits the plan with its rows of the outbox, or nothing of it.
    pub(crate) fn commit(
        &mut self,
        plan: &Plan,
        outbox_id: u64,
        planted: Option<Planted>,
    ) -> Result<(), Guard> {
        if planted == Some(Planted::KeysInACache) {
            plan.bookings.iter().for_each(|new| drop(self.books.rows.keys.remove(&new.key.scope)));
        }
        let twisted = twisted(plan, &self.books.rows, planted);
        self.books.commit(&twisted)?;
        self.beyond_the_guards(plan, planted);
        for (row_id, lane) in (outbox_id..).zip(0..delivery::LANES) {
            let row = self.row(plan, (row_id, lane), planted);
            if !row.events.is_empty() || !row.nights.is_empty() {
                let at = self.outbox.partition_point(|row| row.id < row_id);
                self.outbox.insert(at, row);
            }
        }
        Ok(())
    }

    /// What the plan has to tell in a lane.
    fn row(&self, plan: &Plan, (id, lane): (u64, u8), planted: Option<Planted>) -> OutboxRow {
        let told = |event: &booking_core::PlannedEvent| Told {
            event_id: event.event_id,
            booking_id: event.body.booking.booking_id,
            version: event.body.booking.version,
            whole: self.archive.contains_key(&event.body.booking.booking_id),
        };
        let of_lane = plan.events.iter().filter(|event| lane_of(event.body.booking.hotel_id) == lane);
        let mut events: Vec<Told> = of_lane.map(told).collect();
        if planted == Some(Planted::SwallowedEvent) && events.len() > 1 {
            events.pop();
        }
        let hotel = |room: &RoomId| self.books.rows.rooms.get(room).map(|stock| stock.hotel_id);
        let touched = plan.nights.keys().filter(|(room, _)| hotel(room).map(lane_of) == Some(lane));
        OutboxRow { id, lane, events, nights: touched.copied().collect(), published: false }
    }

    /// The hotel of a booking, active or purged.
    pub(crate) fn hotel_of(&self, id: BookingId) -> Option<HotelId> {
        let rows = &self.books.rows;
        let active = rows.bookings.get(&id).map(|booking| booking.record.hotel_id);
        active.or_else(|| rows.purged.get(&id).map(|purged| purged.hotel_id))
    }

    /// What a store with a mistake does to nights.
    fn beyond_the_guards(&mut self, plan: &Plan, planted: Option<Planted>) {
        for (at, delta) in &plan.nights {
            let night = self.books.rows.night(at.0, at.1);
            let after = match planted {
                Some(Planted::DoubleRelease) => night.give_back(delta.given_back, delta.room_quantity),
                Some(Planted::CheckThenAct) => {
                    night.give_back(delta.given_back, delta.room_quantity).map(|night| booking_core::Night {
                        available: night.available.saturating_sub(delta.taken),
                        ..night
                    })
                }
                _ => None,
            };
            if let Some(after) = after {
                self.books.rows.nights.insert(*at, Some(after));
            }
        }
    }

    /// Somebody holds this until then.
    pub(crate) fn lock(&mut self, claim: Claim, until: u64) {
        self.locks.push((claim, until));
    }

    /// Nobody holds anything any more.
    pub(crate) fn unlock(&mut self) {
        self.locks.clear();
    }

    /// Which of these others hold now.
    pub(crate) fn locked(&self, claims: &BTreeSet<Claim>, now_ms: u64) -> BTreeSet<Claim> {
        let held = self.locks.iter().filter(|(_, until)| *until > now_ms).map(|(claim, _)| claim);
        held.filter(|claim| claims.contains(claim)).cloned().collect()
    }

    /// Whether others hold a row that the plan writes.
    pub(crate) fn holds_up(&self, plan: &Plan, now_ms: u64) -> bool {
        let nights = plan.nights.keys().map(|at| Claim::Night(*at));
        let bookings = plan.moves.iter().map(|step| Claim::Booking(step.booking_id));
        !self.locked(&nights.chain(bookings).collect(), now_ms).is_empty()
    }

    /// What of the wanted a load reads first, or last: keys come last, so that who sees the rooms of a first try sees its key.
    pub(crate) fn load(&self, wanted: &Wanted, keys: bool) -> Snapshot {
        let scopes = if keys { wanted.scopes.clone() } else { BTreeSet::new() };
        let part =
            if keys { Wanted { scopes, ..Wanted::default() } } else { Wanted { scopes, ..wanted.clone() } };
        self.books.load(&part)
    }

    /// Open holds that end before `until`, behind the last one listed, earliest first.
    pub(crate) fn due_holds(
        &self,
        until: Instant,
        after: Option<(Instant, BookingId)>,
    ) -> Vec<&BookingRecord> {
        let records = self.books.rows.bookings.values().map(|booking| &booking.record);
        let due = records.filter(|record| record.status == BookingStatus::Reserved);
        let end = |record: &&BookingRecord| (record.hold_expires_at, record.booking_id);
        let mut due: Vec<&BookingRecord> = due
            .filter(|record| record.hold_expires_at < until && after.is_none_or(|last| end(record) > last))
            .collect();
        due.sort_by_key(end);
        due
    }

    /// The purged bookings with their money, which goes on without them.
    pub(crate) fn purged(&self) -> Vec<Booking> {
        self.archive.values().filter_map(|record| self.books.rows.revive(record)).collect()
    }

    /// A room has another quantity.
    pub(crate) fn quantity(&mut self, room: RoomId, quantity: u32) {
        if let Some(stock) = self.books.rows.rooms.get_mut(&room) {
            (stock.quantity, stock.stock_version) = (quantity, stock.stock_version + 1);
        }
        for (_, night) in self.books.rows.nights.iter_mut().filter(|((of, _), _)| *of == room) {
            *night = night.map(|night| night.with_quantity(quantity));
        }
    }

    /// A room has another price of a night.
    pub(crate) fn price(&mut self, room: RoomId, price: Money) {
        if let Some(stock) = self.books.rows.rooms.get_mut(&room) {
            (stock.price_min, stock.price_max) = (price, price);
            stock.stock_version += 1;
        }
    }

    /// Sales of a room stop or go on.
    pub(crate) fn sales(&mut self, room: RoomId, stop: bool) {
        if let Some(stock) = self.books.rows.rooms.get_mut(&room) {
            (stock.stop_sell, stock.stock_version) = (stop, stock.stock_version + 1);
        }
    }

    /// Moves one ended booking to the archive, of which nothing is open any more.
    pub(crate) fn purge(&mut self, planted: Option<Planted>) -> Option<BookingId> {
        let careless = planted == Some(Planted::PurgeByStatusOnly);
        let untold = |id: BookingId| {
            self.outbox
                .iter()
                .any(|row| !row.published && row.events.iter().any(|told| told.booking_id == id))
        };
        let ended = |booking: &&Booking| {
            let id = booking.record.booking_id;
            booking.record.status.has_ended() && (careless || (is_settled(booking) && !untold(id)))
        };
        let id = self.books.rows.bookings.values().find(ended)?.record.booking_id;
        let booking = self.books.purge(id)?;
        self.archive.insert(id, Arc::new(booking.record));
        Some(id)
    }
}

/// Whether nothing about money or papers is open.
pub(crate) fn is_settled(booking: &Booking) -> bool {
    booking.voids_owed().next().is_none()
        && booking.refunds.iter().all(|refund| refund.status == RefundStatus::Confirmed)
        && booking.payments.iter().all(|payment| payment.status != PaymentStatus::InReview)
        && Series::needed(booking).is_empty()
}

/// The partition of a booking's events.
pub(crate) fn partition_of(booking: BookingId) -> usize {
    let count = u32::try_from(PARTITIONS).unwrap_or(1);
    usize::try_from(delivery::partition_of(booking.to_string().as_bytes(), count)).unwrap_or(0)
}
