//! `/v1/bookings`, `/v1/bookings/{booking_id}`, its history and its invoice.

mod by_reference;
mod history;
mod invoice;
mod read;

use platform::api::{Problem, Routes};
use records::BookingView;

use super::access::Seen;
use crate::{
    parts::{Parts, Shared},
    reads::ReadFailed,
};

pub(super) fn routes() -> Routes<Shared> {
    Routes::new()
        .resource("/v1/bookings", [by_reference::endpoint()])
        .resource("/v1/bookings/{booking_id}", [read::endpoint()])
        .resource("/v1/bookings/{booking_id}/history", [history::endpoint()])
        .resource("/v1/bookings/{booking_id}/invoice", [invoice::endpoint()])
}

/// What the viewer is shown of the booking, with its money as it is now: it moves on after a booking is archived.
async fn view(shared: &Parts, seen: &Seen) -> Result<BookingView, Problem> {
    let money = shared.reads.active().money_of(&seen.record).await.map_err(ReadFailed::from)?;
    Ok(BookingView::of(&seen.record, money, seen.viewer))
}
