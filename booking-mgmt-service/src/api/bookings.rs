//! `/v1/bookings`, `/v1/bookings/{booking_id}` and its invoice.

mod by_reference;
mod invoice;
mod read;

use domain::booking::BookingRecord;
use platform::api::{Problem, Routes};
use records::BookingView;

use super::{Parts, Ports};
use crate::reads::ReadFailed;

pub(super) fn routes() -> Routes<Ports> {
    Routes::new()
        .resource("/v1/bookings", [by_reference::endpoint()])
        .resource("/v1/bookings/{booking_id}", [read::endpoint()])
        .resource("/v1/bookings/{booking_id}/invoice", [invoice::endpoint()])
}

/// The booking with its payment as it is now: money moves on after a booking is archived.
async fn view(ports: &Parts, record: &BookingRecord) -> Result<BookingView, Problem> {
    let payment = ports.reads.active().payment(record).await.map_err(ReadFailed::from)?;
    Ok(BookingView::of(record, payment, &ports.links))
}
