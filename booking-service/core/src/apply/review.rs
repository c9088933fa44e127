//! What an operator decides about a payment of another amount than asked.

use domain::booking::{BookingStatus, PaymentStatus};

use super::payment;
use crate::{
    booking::Booking,
    command::{Review, Reviewed},
    context::Context,
    money_moves::{Payment, RefundReason},
    refusal::Refusal,
    step::{Change, Quiet, Step},
};

/// Books with it or sends it back. A payment whose review came to the same before is left as it is: who did not hear the
/// answer asks again. Refused if it was never in review, or came out the other way.
pub(super) fn reviewed(
    booking: &Booking,
    decision: &Reviewed,
    context: &Context<'_>,
) -> Result<Step, Refusal> {
    let row = booking.payments.iter().find(|row| row.payment_id == decision.payment_id);
    let row = row.ok_or(Refusal::NotInReview)?;
    if row.status == PaymentStatus::InReview {
        return match decision.review {
            Review::Book => book(booking, row.clone(), context).map(Change::step),
            Review::Refund => {
                payment::sent_back(booking, row, RefundReason::Review, context).map(Change::step)
            }
        };
    }
    let before = reviewed_before(booking, row).ok_or(Refusal::NotInReview)?;
    if before == decision.review { Ok(Step::Quiet(Quiet::Duplicate)) } else { Err(Refusal::NotInReview) }
}

/// What an operator decided about the payment. One of another amount than asked is booked by nobody else.
fn reviewed_before(booking: &Booking, row: &Payment) -> Option<Review> {
    let back = booking.refunds.iter().filter(|refund| refund.provider_reference == row.provider_reference);
    let mut reasons = back.map(|refund| refund.reason);
    match reasons.next() {
        Some(RefundReason::Review) => Some(Review::Refund),
        Some(RefundReason::LatePayment | RefundReason::SecondPayment) => None,
        Some(RefundReason::Cancellation) | None => {
            (row.is_captured() && row.captured != booking.record.facts.price.due_now).then_some(Review::Book)
        }
    }
}

fn book(booking: &Booking, row: Payment, context: &Context<'_>) -> Result<Change, Refusal> {
    let currency = booking.record.facts.price.total.currency();
    if row.captured.currency() != currency {
        return Err(Refusal::ForeignCapture { captured: row.captured, currency });
    }
    match booking.record.status {
        BookingStatus::Reserved => Ok(payment::booked(booking, row, context)),
        BookingStatus::Cancelled if payment::may_come_back(booking, context) => {
            Ok(payment::rebooked(booking, row, context))
        }
        BookingStatus::Cancelled => Err(Refusal::CannotRebook),
        BookingStatus::Booked | BookingStatus::Completed => Err(Refusal::AlreadyPaid),
    }
}
