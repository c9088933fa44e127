//! A booking with its money, as a snapshot holds it.

use std::collections::BTreeMap;

use domain::{
    Instant, Money, RoomId,
    booking::{BookingRecord, BookingStatus, PaymentStatus},
};

use crate::{
    money_moves::{CreditNote, Invoice, Payment, Refund, RefundStatus, Void, VoidStatus},
    stay::units_by_room,
};

/// Where a booking's row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// In `bookings`.
    Active,
    /// Archived: only its row in `purged_bookings` is left, the record comes from the archive.
    Purged,
}

/// A booking with its money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// The booking.
    pub record: BookingRecord,
    /// Where its row is.
    pub home: Home,
    /// From the provider's first word on.
    pub payments: Vec<Payment>,
    /// What goes or went back.
    pub refunds: Vec<Refund>,
    /// Links made or to be made dead.
    pub voids: Vec<Void>,
    /// Once BOOKED.
    pub invoice: Option<Invoice>,
    /// One per refund of a cancellation.
    pub credit_notes: Vec<CreditNote>,
}

impl Booking {
    /// A booking without any word of the provider yet.
    pub const fn unpaid(record: BookingRecord) -> Self {
        Self {
            record,
            home: Home::Active,
            payments: Vec::new(),
            refunds: Vec::new(),
            voids: Vec::new(),
            invoice: None,
            credit_notes: Vec::new(),
        }
    }

    /// Its own payment: as stored, else pending.
    pub fn own_payment(&self) -> Payment {
        let id = self.record.facts.payment_id;
        let stored = self.payments.iter().find(|payment| payment.payment_id == id);
        stored.cloned().unwrap_or(Payment::pending(id, self.record.facts.price.due_now))
    }

    /// The payment that pays for it: captured, of the right amount (or accepted by an operator), not going back.
    pub fn paid_by(&self) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.status == PaymentStatus::Succeeded)
    }

    /// The payment of the capture of that name, if it has been heard of.
    pub fn known_capture(&self, provider_reference: &str) -> Option<&Payment> {
        let same = |payment: &&Payment| payment.provider_reference.as_deref() == Some(provider_reference);
        self.payments.iter().find(same).filter(|payment| payment.is_captured())
    }

    /// The units it takes of each room.
    pub fn units(&self) -> BTreeMap<RoomId, u32> {
        units_by_room(self.record.facts.lines.iter().map(|line| (line.room_id, line.quantity)))
    }

    /// Voids not yet settled.
    pub fn voids_owed(&self) -> impl Iterator<Item = &Void> {
        self.voids.iter().filter(|void| void.status == VoidStatus::Owed)
    }

    /// Refunds of a payment other than `settled` that are not yet confirmed.
    pub(crate) fn owes_more(&self, payment: &Payment, settled: domain::RefundId) -> bool {
        self.refunds.iter().any(|refund| {
            refund.provider_reference == payment.provider_reference
                && refund.refund_id != settled
                && refund.status == RefundStatus::Owed
        })
    }

    /// What its cancellation gives back: the sum of its credit notes.
    pub fn credited(&self) -> Money {
        let currency = self.record.facts.price.total.currency();
        Money::sum(currency, self.credit_notes.iter().map(|note| note.amount))
            .unwrap_or(Money::zero(currency))
    }

    /// The record as the 201 showed it: what a repeat of the request is answered with.
    pub fn as_created(&self) -> BookingRecord {
        as_created(&self.record)
    }
}

/// Whether it is as it was made. Of its money there can be payments then, since one that goes into review is no transition, and
/// nothing else: refunds, voids and papers come with a transition.
pub const fn is_as_made(record: &BookingRecord) -> bool {
    record.version == 1
}

/// A booking as it was when made: RESERVED, version 1.
pub fn as_created(record: &BookingRecord) -> BookingRecord {
    let mut first = record.clone();
    first.status = BookingStatus::Reserved;
    first.status_reason = None;
    first.late_payment = None;
    first.invoice_id = None;
    first.cancelled_at = None;
    first.version = 1;
    first.updated_at = first.created_at;
    first.penalty = None;
    first.cancellation_note = None;
    first
}

/// The record one event later.
pub(crate) fn next(record: &BookingRecord, now: Instant) -> BookingRecord {
    let mut after = record.clone();
    after.version = after.version.saturating_add(1);
    after.updated_at = now;
    after
}
