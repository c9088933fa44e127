//! What cancelling costs and does (api.md, CANCEL).

use domain::{
    Instant, Money,
    booking::{BookingStatus, PaymentStatus, StatusReason},
    event::{BookingHappening, RefundFacts},
};

use crate::{
    booking::{Booking, next},
    command::{Cancel, CancelledBy},
    context::Context,
    money_moves::{CreditNote, Payment, Refund, RefundReason, RefundStatus, Void, VoidStatus},
    refusal::Refusal,
    step::{Cancellation, Change, Quiet, RoomsMove, Step},
};

/// What cancelling would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancellationPreview {
    /// Whether it can be cancelled, and why not.
    pub cancellable: Cancellable,
    /// The moment it was told for.
    pub as_of: Instant,
    /// What it costs and gives back; of one already cancelled, what it has.
    pub outcome: Cancellation,
    /// Until when that stands; none if it no longer changes by itself.
    pub valid_until: Option<Instant>,
}

/// Whether a booking can be cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancellable {
    /// It can.
    Yes,
    /// It is cancelled.
    AlreadyCancelled,
    /// The stay is over.
    Completed,
}

/// What cancelling at `now` would cost.
pub fn preview(booking: &Booking, by: CancelledBy, now: Instant) -> CancellationPreview {
    let facts = &booking.record.facts;
    let nothing = Money::zero(facts.price.total.currency());
    let (cancellable, outcome, valid_until) = match booking.record.status {
        BookingStatus::Reserved => {
            let outcome = Cancellation { penalty: nothing, refund: nothing };
            (Cancellable::Yes, outcome, Some(booking.record.hold_expires_at))
        }
        BookingStatus::Booked => {
            let until = match by {
                CancelledBy::Traveller => facts.cancellation_policy.changes_after(now),
                CancelledBy::Hotel => None,
            };
            (Cancellable::Yes, of_booked(booking, by, now), until)
        }
        BookingStatus::Cancelled => (Cancellable::AlreadyCancelled, of_cancelled(booking), None),
        BookingStatus::Completed => {
            let outcome = Cancellation { penalty: facts.price.total, refund: nothing };
            (Cancellable::Completed, outcome, None)
        }
    };
    CancellationPreview { cancellable, as_of: now, outcome, valid_until }
}

/// What cancelling a BOOKED booking costs: by policy, never more than was paid; nothing when the hotel cancels.
fn of_booked(booking: &Booking, by: CancelledBy, now: Instant) -> Cancellation {
    let currency = booking.record.facts.price.total.currency();
    let nothing = Money::zero(currency);
    let paid = booking.paid_by().map_or(nothing, |payment| payment.captured);
    let asked = match by {
        CancelledBy::Traveller => booking.record.facts.cancellation_policy.penalty_at(now, currency),
        CancelledBy::Hotel => nothing,
    };
    let penalty = if asked.amount() > paid.amount() { paid } else { asked };
    Cancellation { penalty, refund: paid.minus(penalty).unwrap_or(nothing) }
}

/// What a cancellation has cost and given back; nothing for a booking that ended unpaid.
fn of_cancelled(booking: &Booking) -> Cancellation {
    let nothing = Money::zero(booking.record.facts.price.total.currency());
    let by_somebody = match booking.record.status_reason {
        Some(StatusReason::Traveller | StatusReason::Hotel) => true,
        Some(StatusReason::PaymentFailed | StatusReason::HoldExpired) | None => false,
    };
    if by_somebody {
        let penalty = booking.record.penalty.unwrap_or(nothing);
        Cancellation { penalty, refund: booking.credited() }
    } else {
        Cancellation { penalty: nothing, refund: nothing }
    }
}

/// The row `cancel` of the table.
pub(crate) fn cancel(booking: &Booking, cancel: &Cancel, context: &Context<'_>) -> Result<Step, Refusal> {
    match booking.record.status {
        BookingStatus::Reserved => Ok(cancel_hold(booking, cancel, context).step()),
        BookingStatus::Booked => cancel_booked(booking, cancel, context).map(Change::step),
        BookingStatus::Cancelled => Ok(Step::Quiet(Quiet::AlreadyCancelled(of_cancelled(booking)))),
        BookingStatus::Completed => Err(Refusal::NotCancellable),
    }
}

fn cancel_hold(booking: &Booking, cancel: &Cancel, context: &Context<'_>) -> Change {
    let nothing = Money::zero(booking.record.facts.price.total.currency());
    let mut change = ended(booking, cancel.by.reason(), context);
    change.cancellation = Some(Cancellation { penalty: nothing, refund: nothing });
    note(&mut change, cancel, nothing);
    change.voids = void_owed(booking, cancel.by.reason(), context).into_iter().collect();
    change
}

fn cancel_booked(booking: &Booking, cancel: &Cancel, context: &Context<'_>) -> Result<Change, Refusal> {
    let outcome = of_booked(booking, cancel.by, context.now);
    if let Some(accepted) = cancel.accepted_penalty {
        accept(accepted, outcome.penalty)?;
    }
    let mut change = ended(booking, cancel.by.reason(), context);
    change.cancellation = Some(outcome);
    note(&mut change, cancel, outcome.penalty);
    if let Some(paid) = booking.paid_by().filter(|_| !outcome.refund.is_zero()) {
        let (payment, refund) = refunded(booking, paid, outcome.refund, RefundReason::Cancellation, context)?;
        change.credit_note = booking.record.invoice_id.map(|invoice_id| CreditNote {
            credit_note_id: context.ids.credit_note_id,
            invoice_id,
            refund_id: refund.refund_id,
            issued_at: context.now,
            amount: refund.amount,
            number: None,
        });
        tell_refund(&mut change, &refund);
        change.payments.push(payment);
        change.refunds.push(refund);
    }
    Ok(change)
}

fn accept(accepted: Money, current: Money) -> Result<(), Refusal> {
    match current.compare(accepted) {
        Some(std::cmp::Ordering::Less | std::cmp::Ordering::Equal) => Ok(()),
        Some(std::cmp::Ordering::Greater) => Err(Refusal::PenaltyChanged { accepted, current }),
        None => Err(Refusal::ForeignPenalty(current.currency())),
    }
}

fn note(change: &mut Change, cancel: &Cancel, penalty: Money) {
    if let Some(transition) = &mut change.transition {
        transition.after.penalty = Some(penalty);
        transition.after.cancellation_note.clone_from(&cancel.note);
    }
}

/// The booking CANCELLED for that reason, its rooms given back.
pub(crate) fn ended(booking: &Booking, reason: StatusReason, context: &Context<'_>) -> Change {
    let mut after = next(&booking.record, context.now);
    after.status = BookingStatus::Cancelled;
    after.status_reason = Some(reason);
    after.cancelled_at = Some(context.now);
    let mut change = Change::of(after, BookingHappening::Cancelled);
    change.rooms = RoomsMove::GiveBack;
    change
}

/// The void of the booking's own payment link, unless its money was captured or the link was voided before.
pub(crate) fn void_owed(booking: &Booking, reason: StatusReason, context: &Context<'_>) -> Option<Void> {
    let own = booking.own_payment();
    let needless = own.is_captured() || !booking.voids.is_empty();
    let (void_id, status) = (context.ids.void_id, VoidStatus::Owed);
    (!needless).then_some(Void { void_id, payment_id: own.payment_id, reason, status })
}

/// A payment of which `amount` goes back: never more than was captured.
pub(crate) fn refunded(
    booking: &Booking,
    payment: &Payment,
    amount: Money,
    reason: RefundReason,
    context: &Context<'_>,
) -> Result<(Payment, Refund), Refusal> {
    let mut after = payment.clone();
    after.refunded = payment.refunded.plus(amount).map_err(Refusal::Unpriceable)?;
    after.status = PaymentStatus::RefundDue;
    let refund = Refund {
        refund_id: context.ids.refund_id,
        provider_refund_id: context.ids.refund_id,
        payment_id: booking.record.facts.payment_id,
        provider_reference: payment.provider_reference.clone(),
        amount,
        reason,
        status: RefundStatus::Owed,
    };
    Ok((after, refund))
}

/// Puts the refund into the transition's event.
pub(crate) fn tell_refund(change: &mut Change, refund: &Refund) {
    if let Some(transition) = &mut change.transition {
        transition.refund = Some(RefundFacts { refund_id: refund.refund_id, amount: refund.amount });
    }
}
