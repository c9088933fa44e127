//! The booking as answers show it.

use booking_core::{CancelledBy, Payment, Snapshot};
use domain::{BookingId, Money, booking::BookingRecord};
use platform::api::{Answer, Problem};
use records::{ActiveBookings, ArchiveError, BookingMoney, PaymentFacts, Viewer};

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

/// The record of a booking that the snapshot knows to be purged; 404 for one that never was.
pub async fn purged(shared: &Shared, snapshot: &Snapshot, id: BookingId) -> Result<BookingRecord, Problem> {
    if snapshot.purged.contains_key(&id) { archived(shared, id).await } else { Err(Problem::not_found()) }
}

/// The record of a purged booking; 404 if the archive does not have it either.
pub async fn archived(shared: &Shared, id: BookingId) -> Result<BookingRecord, Problem> {
    match shared.archive.by_id(id).await {
        Ok(found) => found.ok_or_else(Problem::not_found),
        Err(error @ ArchiveError::Unavailable(_)) => Err(Problem::unavailable(error)),
        Err(error @ ArchiveError::Corrupt(_)) => Err(Problem::internal(error)),
    }
}
