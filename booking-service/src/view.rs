//! The booking as answers show it.

use booking_core::{CancelledBy, Payment};
use domain::{Money, booking::BookingRecord};
use platform::api::Answer;
use records::{BookingMoney, PaymentFacts, Viewer};

pub use records::BookingView;

/// The money of a booking with its payment; without one the provider has not said a word yet.
pub fn money(record: &BookingRecord, payment: Option<&Payment>, credited: Money) -> BookingMoney {
    BookingMoney { payment: payment.map_or_else(|| PaymentFacts::pending(record), facts), credited }
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

/// Whoever cancels for the hotel is shown what the hotel is.
pub const fn viewer(by: CancelledBy) -> Viewer {
    match by {
        CancelledBy::Traveller => Viewer::Booker,
        CancelledBy::Hotel => Viewer::Hotel,
    }
}

/// 201 with a booking as it was when it was made: where it is and its first version.
pub fn created(record: &BookingRecord) -> Answer {
    let view = BookingView::unpaid(record);
    let location = format!("/v1/bookings/{}", view.booking_id);
    Answer::json(201, &view).location(location).etag(view.version)
}
