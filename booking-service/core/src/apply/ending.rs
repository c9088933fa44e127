//! How holds and stays end.

use domain::{
    booking::{BookingStatus, PaymentStatus, StatusReason},
    event::BookingHappening,
};

use super::payment;
use crate::{
    booking::{Booking, next},
    cancel::{ended, void_owed},
    command::{Capture, ProviderSaid},
    context::Context,
    refusal::Refusal,
    step::{AskProvider, Change, Quiet, Step},
};

/// The row `checkout ended unpaid` of the table.
pub(super) fn checkout_ended(booking: &Booking, context: &Context<'_>) -> Step {
    match booking.record.status {
        BookingStatus::Reserved => {
            let mut change = ended(booking, StatusReason::PaymentFailed, context);
            let mut own = booking.own_payment();
            if !own.is_captured() {
                own.status = PaymentStatus::Failed;
                change.payments.push(own);
            }
            // The word may have been wrong or early: only a dead link cannot be paid any more, and asking for that finds
            // money whose own word was lost.
            change.voids = void_owed(booking, StatusReason::PaymentFailed, context).into_iter().collect();
            change.step()
        }
        BookingStatus::Booked | BookingStatus::Cancelled | BookingStatus::Completed => {
            Step::Quiet(Quiet::Recorded)
        }
    }
}

/// The row `hold expired` of the table, its first half: the provider is asked from shortly before the hold's end.
pub(super) fn hold_due(booking: &Booking, context: &Context<'_>) -> Step {
    match booking.record.status {
        BookingStatus::Reserved => {
            let from = context.rules.hold.ask_from(booking.record.hold_expires_at);
            if context.now < from {
                return Step::Quiet(Quiet::NotYet(Some(from)));
            }
            let until = context.rules.hold.ask_until(context.now);
            Step::AskProvider(AskProvider { payment_id: booking.record.facts.payment_id, until })
        }
        BookingStatus::Booked | BookingStatus::Cancelled | BookingStatus::Completed => {
            Step::Quiet(Quiet::Ignored)
        }
    }
}

/// The row `hold expired` of the table, its second half; in the other statuses money is still money.
pub(super) fn provider_said(
    booking: &Booking,
    said: &ProviderSaid,
    context: &Context<'_>,
) -> Result<Step, Refusal> {
    match (booking.record.status, said) {
        (BookingStatus::Reserved, ProviderSaid::Paid(capture)) => paid_hold(booking, capture, context),
        (BookingStatus::Reserved, ProviderSaid::Unpaid | ProviderSaid::NoAnswer) => {
            Ok(unpaid_hold(booking, context))
        }
        (
            BookingStatus::Booked | BookingStatus::Cancelled | BookingStatus::Completed,
            ProviderSaid::Paid(capture),
        ) => payment::succeeded(booking, capture, context),
        (
            BookingStatus::Booked | BookingStatus::Cancelled | BookingStatus::Completed,
            ProviderSaid::Unpaid | ProviderSaid::NoAnswer,
        ) => Ok(Step::Quiet(Quiet::Ignored)),
    }
}

/// Paid as asked: BOOKED at once. Another amount: in review, and the hold ends on time without a void
/// (details.md, Payments).
fn paid_hold(booking: &Booking, capture: &Capture, context: &Context<'_>) -> Result<Step, Refusal> {
    let known = booking.known_capture(&capture.provider_reference).is_some();
    if !known && capture.amount == booking.record.facts.price.due_now {
        return payment::succeeded(booking, capture, context);
    }
    let review = if known {
        Change::default()
    } else {
        payment::in_review(payment::captured(booking, capture, context))
    };
    let over = context.now >= booking.record.hold_expires_at;
    match (over, known) {
        (true, _) => {
            let mut change = ended(booking, StatusReason::HoldExpired, context);
            change.payments = review.payments;
            Ok(change.step())
        }
        (false, false) => Ok(review.step()),
        (false, true) => Ok(Step::Quiet(Quiet::NotYet(Some(booking.record.hold_expires_at)))),
    }
}

/// Not paid, or no answer: from the hold's end on CANCELLED, rooms back, and a void owed.
fn unpaid_hold(booking: &Booking, context: &Context<'_>) -> Step {
    if context.now < booking.record.hold_expires_at {
        return Step::Quiet(Quiet::NotYet(Some(booking.record.hold_expires_at)));
    }
    let mut change = ended(booking, StatusReason::HoldExpired, context);
    change.voids = void_owed(booking, StatusReason::HoldExpired, context).into_iter().collect();
    change.step()
}

/// The row `stay ended` of the table: COMPLETED when the hotel's calendar has passed the day of departure.
pub(super) fn stay_ended(booking: &Booking, context: &Context<'_>) -> Result<Step, Refusal> {
    match booking.record.status {
        BookingStatus::Reserved => Err(Refusal::StillReserved),
        BookingStatus::Booked if booking.record.dates.over_on(booking.record.hotel_today(context.now)) => {
            let mut after = next(&booking.record, context.now);
            after.status = BookingStatus::Completed;
            Ok(Change::of(after, BookingHappening::Completed).step())
        }
        BookingStatus::Booked => Ok(Step::Quiet(Quiet::NotYet(None))),
        BookingStatus::Cancelled | BookingStatus::Completed => Ok(Step::Quiet(Quiet::Ignored)),
    }
}
