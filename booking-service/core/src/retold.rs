//! A booking's events told once more, from what is stored of it: its row, its history and its money. The event log may have
//! lost them; who tells them again says the same under the same names, so that whoever knows them passes them by.

use domain::{
    Actor, EventId, Instant, RefundId,
    booking::{BookingRecord, BookingStatus, LatePayment, StatusReason},
    event::{BookingEvent, BookingHappening, CreditNoteFacts, InvoiceFacts, RefundFacts},
};

use crate::{
    booking::{Booking, Home},
    create::made,
    decide::reason,
    money_moves::CreditNote,
    plan::PlannedEvent,
};

/// One entry of a booking's history: a transition but the first, which is the booking's own row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The version it led to.
    pub version: i64,
    /// When it was decided.
    pub at: Instant,
    /// What happened.
    pub happening: BookingHappening,
    /// Where the booking stood before.
    pub from: BookingStatus,
    /// Where it stood after.
    pub to: BookingStatus,
    /// Who did it.
    pub actor: Actor,
    /// Of a cancellation: why.
    pub reason: Option<StatusReason>,
    /// The event that told it; none if it was written before this was kept.
    pub event_id: Option<EventId>,
    /// The refund it was about.
    pub refund_id: Option<RefundId>,
}

/// Why a booking's events cannot be told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Untold {
    /// A version is missing, or does not follow the one before.
    #[error("its history does not lead on to version {0}")]
    Gap(i64),
    /// Written before names of events were kept.
    #[error("nobody knows under which id version {0} was told")]
    Nameless(i64),
    /// A refund, an invoice or a number that an entry tells of is not there.
    #[error("the money that version {0} tells of is not there")]
    Moneyless(i64),
    /// The row says something else than its history.
    #[error("its history leads to another booking than its row")]
    Different,
}

/// Every event of the booking until the version of its row, oldest first; later entries are somebody else's to tell. They are
/// exactly those that were told, or none.
pub fn retold(booking: &Booking, made_by: Actor, history: &[Logged]) -> Result<Vec<PlannedEvent>, Untold> {
    let mut story = Story { booking, stands: booking.as_created(), cancelled_paid: false, credited: false };
    let mut events = vec![made(&story.stands, made_by)];
    let until_now = |entry: &&Logged| entry.version <= booking.record.version;
    for entry in history.iter().filter(until_now) {
        events.push(story.goes_on(entry)?);
    }
    if booking.home == Home::Purged {
        // What the archive holds was changed last when it was archived.
        story.stands.updated_at = booking.record.updated_at;
    }
    if story.stands == booking.record { Ok(events) } else { Err(Untold::Different) }
}

/// A booking on its way from its first version to its last.
struct Story<'a> {
    booking: &'a Booking,
    stands: BookingRecord,
    /// It was cancelled after it was paid: what goes back has a credit note.
    cancelled_paid: bool,
    /// The credit note's number was told.
    credited: bool,
}

impl Story<'_> {
    fn goes_on(&mut self, entry: &Logged) -> Result<PlannedEvent, Untold> {
        let version = entry.version;
        if version != self.stands.version.saturating_add(1) || entry.from != self.stands.status {
            return Err(Untold::Gap(version));
        }
        let event_id = entry.event_id.ok_or(Untold::Nameless(version))?;
        let refund = entry.refund_id.map(|id| self.refund(id)).transpose();
        let refund = refund.map_err(|Unknown| Untold::Moneyless(version))?;
        self.changes(entry);
        let invoice = self.numbered(entry.happening).map_err(|Unknown| Untold::Moneyless(version))?;
        let (booking, happening) = (self.stands.clone(), entry.happening);
        let sent_back = self.booking.refunds.iter().find(|row| Some(row.refund_id) == entry.refund_id);
        Ok(PlannedEvent {
            event_id,
            happening,
            at: entry.at,
            reason: reason(happening, &booking, sent_back),
            body: BookingEvent {
                booking,
                from: Some(entry.from),
                actor: Some(entry.actor.clone()),
                refund,
                invoice,
            },
        })
    }

    fn changes(&mut self, entry: &Logged) {
        let (last, stands) = (&self.booking.record, &mut self.stands);
        (stands.version, stands.status, stands.updated_at) = (entry.version, entry.to, entry.at);
        match entry.happening {
            BookingHappening::Booked => stands.invoice_id = last.invoice_id,
            BookingHappening::Rebooked => {
                (stands.status_reason, stands.cancelled_at) = (None, None);
                (stands.late_payment, stands.invoice_id) = (Some(LatePayment::Rebooked), last.invoice_id);
            }
            BookingHappening::Cancelled => {
                (stands.status_reason, stands.cancelled_at) = (entry.reason, Some(entry.at));
                if matches!(entry.reason, Some(StatusReason::Traveller | StatusReason::Hotel)) {
                    stands.penalty = last.penalty;
                    stands.cancellation_note.clone_from(&last.cancellation_note);
                }
                self.cancelled_paid |= entry.from == BookingStatus::Booked;
            }
            BookingHappening::LatePaymentRefunded if entry.to == BookingStatus::Cancelled => {
                stands.late_payment = stands.late_payment.or(Some(LatePayment::Refunded));
            }
            BookingHappening::Reserved
            | BookingHappening::Completed
            | BookingHappening::Refunded
            | BookingHappening::LatePaymentRefunded
            | BookingHappening::Invoiced => {}
        }
    }

    fn refund(&self, refund_id: RefundId) -> Result<RefundFacts, Unknown> {
        let row = self.booking.refunds.iter().find(|row| row.refund_id == refund_id).ok_or(Unknown)?;
        Ok(RefundFacts { refund_id, amount: row.amount })
    }

    /// All that is issued is numbered at once: the invoice, and the credit note once there is one.
    fn numbered(&mut self, happening: BookingHappening) -> Result<Option<InvoiceFacts>, Unknown> {
        if happening != BookingHappening::Invoiced {
            return Ok(None);
        }
        let invoice = self.booking.invoice.as_ref().ok_or(Unknown)?;
        let number = invoice.number.clone().ok_or(Unknown)?;
        let note = self.booking.credit_notes.first().filter(|_| self.cancelled_paid && !self.credited);
        self.credited |= note.is_some();
        let credit_note = note.map(credit_note).transpose()?;
        let (invoice_id, issued_at) = (invoice.invoice_id, invoice.issued_at);
        Ok(Some(InvoiceFacts { invoice_id, number, issued_at, credit_note }))
    }
}

/// Something that an entry tells of is not there.
struct Unknown;

fn credit_note(note: &CreditNote) -> Result<CreditNoteFacts, Unknown> {
    let number = note.number.clone().ok_or(Unknown)?;
    Ok(CreditNoteFacts { credit_note_id: note.credit_note_id, number, amount: note.amount })
}
