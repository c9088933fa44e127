//! Who may see which booking (details.md, Roles). Absent and not yours is the same 404.

use domain::{HotelId, booking::BookingRecord};
use platform::{
    api::Problem,
    auth::{Caller, Role},
};
use records::Viewer;

use crate::{parts::Parts, reads::ReadFailed};

/// A booking and as whom the caller sees it.
pub(super) struct Seen {
    pub(super) record: BookingRecord,
    pub(super) viewer: Viewer,
}

/// The booking if the caller may see it: whose it is, its hotel's manager, an operator; 404 otherwise.
pub(super) async fn visible(
    shared: &Parts,
    caller: &Caller,
    found: Option<BookingRecord>,
) -> Result<Seen, Problem> {
    let record = found.ok_or_else(Problem::not_found)?;
    let books = caller.has(Role::Traveller) || caller.has(Role::Channel);
    if books && record.user_id == caller.user_id {
        return Ok(Seen { record, viewer: Viewer::Booker });
    }
    if caller.has(Role::Operator) {
        return Ok(Seen { record, viewer: Viewer::Operator });
    }
    let viewer = manages(shared, caller, record.hotel_id).await?;
    Ok(Seen { record, viewer })
}

/// As whom the caller sees the hotel's bookings: its manager or an operator; 404 otherwise, and for a hotel never seen.
pub(super) async fn manages(shared: &Parts, caller: &Caller, hotel: HotelId) -> Result<Viewer, Problem> {
    let owner = shared.reads.active().owner_of(hotel).await.map_err(ReadFailed::from)?;
    let owner = owner.ok_or_else(Problem::not_found)?;
    if caller.has(Role::Operator) {
        return Ok(Viewer::Operator);
    }
    if caller.manages(owner) { Ok(Viewer::Hotel) } else { Err(Problem::not_found()) }
}
