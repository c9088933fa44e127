//! The booking as answers show it.

use booking_core::{CancelledBy, Payment};
use domain::{Money, booking::BookingRecord};
use platform::api::{Answer, Problem};
use records::{ActiveBookings, BookingMoney, PaymentFacts, Viewer};

use crate::parts::Shared;

pub use records::BookingView;

/// What the viewer is shown of the booking, with what its payment has become, if anything, and its credit notes.
pub fn booking(shared: &Shared, record: &BookingRecord, money: BookingMoney, viewer: Viewer) -> BookingView {
    BookingView::of(record, money, viewer, &shared.links)
}

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

/// 201 with the booking, where it is and its version.
pub fn created(shared: &Shared, record: &BookingRecord) -> Answer {
    answer(&BookingView::unpaid(record, &shared.links))
}

/// The same for a repeat after the purge: the booking as it ended, its money as it is now.
pub async fn created_and_ended(shared: &Shared, record: &BookingRecord) -> Result<Answer, Problem> {
    let money =
        ActiveBookings::new(shared.pool.clone()).money_of(record).await.map_err(Problem::unavailable)?;
    Ok(answer(&booking(shared, record, money, Viewer::Booker)))
}

fn answer(view: &BookingView) -> Answer {
    let location = format!("/v1/bookings/{}", view.booking_id);
    Answer::json(201, view).location(location).etag(view.version)
}
