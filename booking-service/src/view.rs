//! The booking as answers show it.

use booking_core::{Payment, Snapshot};
use domain::{BookingId, booking::BookingRecord};
use platform::api::{Answer, Problem};
use records::{ArchiveError, PaymentFacts};

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
