//! A plan: what a decision writes, as data. The store executes it in one transaction under its guards.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use domain::{
    Actor, BookingId, EventId, Instant, RefundId, RoomId, VoidId,
    booking::{BookingRecord, BookingStatus, PaymentStatus},
    event::{BookingEvent, BookingHappening},
};

use crate::{
    booking::Home,
    idempotency::{IdempotencyKey, KeptAnswer},
    invoice::SeriesStep,
    money_moves::{CreditNote, Invoice, Payment, PaymentEvent, Refund, Void, VoidStatus},
    night::{NightDelta, RoomNight},
    snapshot::Snapshot,
};

/// What a decision writes. Everything or nothing: a guard that misses makes the whole plan stale.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Answers kept for their keys; a used scope is a miss.
    pub answers: Vec<KeptAnswer>,
    /// New bookings; a used id, scope or client reference is a miss.
    pub bookings: Vec<NewBooking>,
    /// Bookings that change or only must stand as they were.
    pub moves: Vec<Move>,
    /// What the provider said; one that is there already is left.
    pub payment_events: Vec<PaymentEvent>,
    /// Payment rows.
    pub payments: Vec<PaymentWrite>,
    /// New refunds, each covered by a payment write that raises `refunded` by as much.
    pub refunds: Vec<Owing<Refund>>,
    /// Refunds confirmed; one that is not owed is a miss.
    pub refunds_confirmed: Vec<RefundId>,
    /// New voids.
    pub voids: Vec<Owing<Void>>,
    /// Voids settled; one that is not owed is a miss.
    pub voids_settled: Vec<(VoidId, VoidStatus)>,
    /// New invoices.
    pub invoices: Vec<NewInvoice>,
    /// New credit notes.
    pub credit_notes: Vec<NewCreditNote>,
    /// Numbers given; a series that stands elsewhere is a miss.
    pub numbered: Vec<SeriesStep>,
    /// `room_stock` versions relied on; another one is a miss.
    pub stock: BTreeMap<RoomId, i64>,
    /// Nights that have no row yet: made beforehand, in a short transaction of their own.
    pub untouched: BTreeSet<RoomNight>,
    /// One guarded delta per room-night, in order.
    pub nights: BTreeMap<RoomNight, NightDelta>,
    /// Events, each with the version that its booking has then. All but the first of a booking are entries of its history,
    /// too.
    pub events: Vec<PlannedEvent>,
}

/// A new booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBooking {
    /// The booking.
    pub record: BookingRecord,
    /// The key of its request.
    pub key: IdempotencyKey,
    /// Who made it: the first entry of its history.
    pub actor: Actor,
}

/// A booking guarded by its old status and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The booking.
    pub booking_id: BookingId,
    /// Where its row is.
    pub home: Home,
    /// The status it must have.
    pub from_status: BookingStatus,
    /// The version it must have.
    pub from_version: i64,
    /// As it shall be; none if it only must stand as it was.
    pub after: Option<BookingRecord>,
}

/// A payment row as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentWrite {
    /// Whose payment.
    pub booking_id: BookingId,
    /// What it must be before; none if there is no row yet.
    pub before: Option<PaymentGuard>,
    /// What it shall be; `refunded` never above `captured`.
    pub after: Payment,
    /// Who pays, kept with the payment: it outlives the booking.
    pub payer: Payer,
}

/// Who pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payer {
    /// The hotel paid.
    pub hotel_id: domain::HotelId,
    /// The booking's owner.
    pub user_id: domain::UserId,
    /// Given and family name.
    pub name: String,
    /// Where mails go.
    pub email: String,
    /// A BCP 47 tag.
    pub language: String,
}

/// What a payment row must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentGuard {
    /// Its status.
    pub status: PaymentStatus,
    /// What went or goes back of it.
    pub refunded: domain::Money,
}

/// A refund or a void that a booking owes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owing<T> {
    /// The booking.
    pub booking_id: BookingId,
    /// Its hotel: whose share the row falls into.
    pub hotel_id: domain::HotelId,
    /// What it owes.
    pub what: T,
}

/// An invoice to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvoice {
    /// The booking as invoiced.
    pub record: BookingRecord,
    /// The year of its series, in the hotel's zone.
    pub year: u16,
    /// The invoice.
    pub invoice: Invoice,
}

/// A credit note to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCreditNote {
    /// Of which booking.
    pub booking_id: BookingId,
    /// Of which hotel.
    pub hotel_id: domain::HotelId,
    /// The year of its series, in the hotel's zone.
    pub year: u16,
    /// The credit note.
    pub note: CreditNote,
}

/// One event of a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedEvent {
    /// Names it.
    pub event_id: EventId,
    /// What happened.
    pub happening: BookingHappening,
    /// When.
    pub at: Instant,
    /// Why, in a word of the history: why it is CANCELLED, or why money goes back.
    pub reason: Option<&'static str>,
    /// Its body.
    pub body: BookingEvent,
}

impl Plan {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Also keeps an answer for its key.
    #[must_use]
    pub fn and_answer(mut self, answer: KeptAnswer) -> Self {
        self.answers.push(answer);
        self
    }

    /// Also keeps what the provider said.
    #[must_use]
    pub fn and_payment_event(mut self, event: PaymentEvent) -> Self {
        self.payment_events.push(event);
        self
    }

    /// Also writes what the other does: in one transaction as if in two. Both must have been decided one on what the other
    /// left, and no booking may be changed by both.
    pub fn absorb(&mut self, other: Self) {
        self.answers.extend(other.answers);
        self.bookings.extend(other.bookings);
        self.moves.extend(other.moves);
        self.payment_events.extend(other.payment_events);
        self.payments.extend(other.payments);
        self.refunds.extend(other.refunds);
        self.refunds_confirmed.extend(other.refunds_confirmed);
        self.voids.extend(other.voids);
        self.voids_settled.extend(other.voids_settled);
        self.invoices.extend(other.invoices);
        self.credit_notes.extend(other.credit_notes);
        self.numbered.extend(other.numbered);
        self.stock.extend(other.stock);
        self.untouched.extend(other.untouched);
        for (at, delta) in other.nights {
            self.nights.entry(at).or_default().add(delta);
        }
        self.events.extend(other.events);
    }

    /// Relies on the room's stock as the snapshot has it.
    pub(crate) fn rely_on(&mut self, snapshot: &Snapshot, room: RoomId) {
        let version = snapshot.rooms.get(&room).map_or(0, |stock| stock.stock_version);
        self.stock.insert(room, version);
    }

    /// Adds a night's delta, and that its row must be made first if there is none.
    pub(crate) fn night(&mut self, snapshot: &Snapshot, room: RoomId, date: NaiveDate, delta: NightDelta) {
        let at = (room, date);
        let room_quantity = snapshot.rooms.get(&room).map_or(0, |stock| stock.quantity);
        self.nights.entry(at).or_default().add(NightDelta { room_quantity, ..delta });
        if snapshot.nights.get(&at).is_none_or(Option::is_none) {
            self.untouched.insert(at);
        }
    }
}
