//! What an operator decides about a payment of another amount than asked.

use domain::{
    PaymentId,
    booking::{BookingStatus, PaymentStatus},
};

use super::payment;
use crate::{
    booking::Booking,
    command::Review,
    context::Context,
    money_moves::{Payment, RefundReason},
    refusal::Refusal,
    step::{Change, Step},
};

/// Books with it or sends it back; refused unless the payment is in review.
pub(super) fn reviewed(
    booking: &Booking,
    id: PaymentId,
    review: Review,
    context: &Context<'_>,
) -> Result<Step, Refusal> {
    let in_review = |row: &&Payment| row.payment_id == id && row.status == PaymentStatus::InReview;
    let row = booking.payments.iter().find(in_review).ok_or(Refusal::NotInReview)?;
    match review {
        Review::Book => book(booking, row.clone(), context).map(Change::step),
        Review::Refund => payment::sent_back(booking, row, RefundReason::Review, context).map(Change::step),
    }
}

fn book(booking: &Booking, row: Payment, context: &Context<'_>) -> Result<Change, Refusal> {
    match booking.record.status {
        BookingStatus::Reserved => Ok(payment::booked(booking, row, context)),
        BookingStatus::Cancelled if payment::may_come_back(booking, context) => {
            Ok(payment::rebooked(booking, row, context))
        }
        BookingStatus::Cancelled => Err(Refusal::CannotRebook),
        BookingStatus::Booked | BookingStatus::Completed => Err(Refusal::AlreadyPaid),
    }
}
