//! What a decision needs to know: asked for as [`Wanted`], read by the ledger as [`Snapshot`].

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use chrono::NaiveDate;
use domain::{
    BookingId, ClientReference, HotelId, Instant, RoomId, StayDates, UserId,
    booking::{BookingRecord, BookingStatus, LatePayment},
};

use crate::{
    booking::{Booking, Home},
    command::Command,
    idempotency::{Digest, KeyUse},
    invoice::Series,
    money_moves::{CreditNote, Invoice, Payment, Refund, Void},
    night::{Night, RoomNight, ShortNight},
    refusal::Refusal,
    stay::Stay,
    stock::{RoomStock, SeenHotel},
};

/// What to read for a decision. For every booking its money is read too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Idempotency scopes to look up.
    pub scopes: BTreeSet<Digest>,
    /// Client references to look up.
    pub references: BTreeSet<(UserId, ClientReference)>,
    /// Bookings; one that is purged is found in [`Snapshot::purged`].
    pub bookings: BTreeSet<BookingId>,
    /// Callers whose open holds are counted.
    pub holders: BTreeSet<UserId>,
    /// Hotels, rooms and nights to sell.
    pub stays: Vec<WantedStay>,
    /// Those of the bookings whose rooms and nights are read, too: what is asked of them may move them.
    pub rooms_of: BTreeSet<BookingId>,
    /// Whether the series of the bookings' unnumbered papers are read.
    pub series: bool,
}

/// Rooms of a hotel over some nights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedStay {
    /// The hotel.
    pub hotel_id: HotelId,
    /// Its rooms to read; empty: all rooms on sale, at most the store's bound.
    pub rooms: BTreeSet<RoomId>,
    /// The nights.
    pub dates: StayDates,
}

/// What a purged booking leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purged {
    /// The booking.
    pub booking_id: BookingId,
    /// Who owned it.
    pub user_id: UserId,
    /// Its hotel.
    pub hotel_id: HotelId,
    /// How it ended.
    pub status: BookingStatus,
    /// What became of money that came late, also after the purge.
    pub late_payment: Option<LatePayment>,
    /// Its version, raised by events after the purge.
    pub version: i64,
}

/// A row that is stored, but does not parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unreadable {
    /// A booking, or its money.
    Booking(BookingId),
    /// What is known of a hotel.
    Hotel(HotelId),
    /// A room's stock.
    Room(RoomId),
}

/// What the database said at `now`. A snapshot proposes; only the guarded write decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The database's clock, plus the test clock's offset.
    pub now: Instant,
    /// Used scopes.
    pub keys: BTreeMap<Digest, KeyUse>,
    /// Used client references.
    pub references: BTreeMap<(UserId, ClientReference), BookingId>,
    /// Bookings in MySQL.
    pub bookings: BTreeMap<BookingId, Booking>,
    /// Bookings that were purged; `purged_money` has their money.
    pub purged: BTreeMap<BookingId, Purged>,
    /// Open holds by caller.
    pub open_holds: BTreeMap<UserId, u32>,
    /// Hotels seen.
    pub hotels: BTreeMap<HotelId, SeenHotel>,
    /// Rooms seen.
    pub rooms: BTreeMap<RoomId, RoomStock>,
    /// Nights looked for: none, if nobody has touched that one yet.
    pub nights: BTreeMap<RoomNight, Option<Night>>,
    /// The last number given in each series.
    pub series: BTreeMap<Series, u32>,
    /// Money rows of purged bookings, to be put to the record from the archive with [`Snapshot::revive`].
    pub purged_money: BTreeMap<BookingId, PurgedMoney>,
    /// What is stored, but does not parse: it is in none of the others.
    pub unreadable: BTreeSet<Unreadable>,
    /// What was not read at `now`, but is known from before.
    pub remembered: Remembered,
}

/// Rooms, with all their nights, and hotels that were read some time ago: good for selling, since the guarded write decides,
/// but not for saying no.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Remembered {
    /// The rooms.
    pub rooms: BTreeSet<RoomId>,
    /// The hotels.
    pub hotels: BTreeSet<HotelId>,
}

/// The money of a purged booking: payments, refunds, invoices are never purged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PurgedMoney {
    /// As [`Booking::payments`].
    pub payments: Vec<Payment>,
    /// As [`Booking::refunds`].
    pub refunds: Vec<Refund>,
    /// As [`Booking::voids`].
    pub voids: Vec<Void>,
    /// As [`Booking::invoice`].
    pub invoice: Option<Invoice>,
    /// As [`Booking::credit_notes`].
    pub credit_notes: Vec<CreditNote>,
}

impl Snapshot {
    /// Nothing but the time.
    pub const fn empty(now: Instant) -> Self {
        Self {
            now,
            keys: BTreeMap::new(),
            references: BTreeMap::new(),
            bookings: BTreeMap::new(),
            purged: BTreeMap::new(),
            open_holds: BTreeMap::new(),
            hotels: BTreeMap::new(),
            rooms: BTreeMap::new(),
            nights: BTreeMap::new(),
            series: BTreeMap::new(),
            purged_money: BTreeMap::new(),
            unreadable: BTreeSet::new(),
            remembered: Remembered { rooms: BTreeSet::new(), hotels: BTreeSet::new() },
        }
    }

    /// The booking, or the refusal that there is none.
    pub fn booking(&self, id: BookingId) -> Result<&Booking, Refusal> {
        self.bookings.get(&id).ok_or(Refusal::UnknownBooking(id))
    }

    /// The night as it stands: the stored row, else the room's quantity, else nothing.
    pub fn night(&self, room: RoomId, date: NaiveDate) -> Night {
        let stored = self.nights.get(&(room, date)).copied().flatten();
        let nothing = Night { initial: 0, available: 0, allowance: 0 };
        stored.or_else(|| self.rooms.get(&room).map(Night::untouched)).unwrap_or(nothing)
    }

    /// The nights on which the rooms are short of `units`, in (room, date) order; a room unknown to the snapshot has
    /// none.
    pub(crate) fn short_nights(&self, units: &BTreeMap<RoomId, u32>, dates: StayDates) -> Vec<ShortNight> {
        let each = units.iter().flat_map(|(room, wanted)| dates.nights().map(|date| (*room, date, *wanted)));
        each.filter_map(|(room_id, date, wanted)| {
            let available = self.night(room_id, date).available;
            (available < wanted).then_some(ShortNight { room_id, date, available, wanted })
        })
        .collect()
    }

    /// A purged booking with its money, from the record that the archive has: at the version of the purged row.
    pub fn revive(&self, archived: &BookingRecord) -> Option<Booking> {
        let purged = self.purged.get(&archived.booking_id)?;
        let money = self.purged_money.get(&archived.booking_id).cloned().unwrap_or_default();
        let mut record = archived.clone();
        record.version = purged.version.max(archived.version);
        record.status = purged.status;
        record.late_payment = purged.late_payment;
        let PurgedMoney { payments, refunds, voids, invoice, credit_notes } = money;
        let home = Home::Purged;
        Some(Booking { record, home, payments, refunds, voids, invoice, credit_notes })
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Booking(id) => write!(out, "the row of booking {id}, or its money,"),
            Self::Hotel(id) => write!(out, "the row of hotel {id}"),
            Self::Room(id) => write!(out, "the row of room {id}"),
        }
    }
}

impl Wanted {
    /// One booking with its money.
    pub fn booking(booking: BookingId) -> Self {
        Self { bookings: BTreeSet::from([booking]), ..Self::default() }
    }

    /// What a command on a booking needs.
    pub fn command(booking: BookingId, command: &Command) -> Self {
        let rooms_of = command.may_move_rooms().then_some(booking).into_iter().collect();
        Self { rooms_of, series: command.needs_series(), ..Self::booking(booking) }
    }

    /// Also all that the other wants.
    pub fn merge(&mut self, other: Self) {
        let Self { scopes, references, bookings, holders, stays, rooms_of, series } = other;
        self.scopes.extend(scopes);
        self.references.extend(references);
        self.bookings.extend(bookings);
        self.holders.extend(holders);
        self.stays.extend(stays);
        self.rooms_of.extend(rooms_of);
        self.series |= series;
    }

    /// What a quote or a new booking of that stay needs.
    pub fn stay(stay: &Stay) -> Self {
        let rooms = stay.units().into_keys().collect();
        let stays = vec![WantedStay { hotel_id: stay.hotel_id(), rooms, dates: stay.dates() }];
        Self { stays, ..Self::default() }
    }

    /// Whether this is asked for by its own name, and not only as one of all rooms of a hotel.
    pub fn names(&self, row: Unreadable) -> bool {
        match row {
            Unreadable::Booking(id) => self.bookings.contains(&id),
            Unreadable::Hotel(id) => self.stays.iter().any(|stay| stay.hotel_id == id),
            Unreadable::Room(id) => self.stays.iter().any(|stay| stay.rooms.contains(&id)),
        }
    }

    /// Also whether this key was used.
    #[must_use]
    pub fn and_scope(mut self, scope: Digest) -> Self {
        self.scopes.insert(scope);
        self
    }
}
