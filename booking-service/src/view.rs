//! The booking as answers show it.

use booking_core::Payment;
use domain::booking::BookingRecord;
use platform::api::Answer;
use records::PaymentFacts;

use crate::parts::Shared;

pub use records::BookingView;

/// The booking with its payment; without one the provider has not said a word yet.
pub fn booking(shared: &Shared, record: &BookingRecord, payment: Option<&Payment>) -> BookingView {
    match payment {
        None => BookingView::unpaid(record, &shared.links),
        Some(payment) => BookingView::of(record, facts(payment), &shared.links),
    }
}

fn facts(payment: &Payment) -> PaymentFacts {
    PaymentFacts {
        payment_id: payment.payment_id,
        status: payment.status,
        amount: payment.amount,
        refunded: payment.refunded,
        provider_reference: payment.provider_reference.clone(),
    }
}

/// 201 with the booking, where it is and its version.
pub fn created(shared: &Shared, record: &BookingRecord) -> Answer {
    let location = format!("/v1/bookings/{}", record.booking_id);
    Answer::json(201, &booking(shared, record, None)).location(location).etag(record.version)
}
