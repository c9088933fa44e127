//! Who may see which booking (details.md, Roles). Absent and not yours is the same 404.

use domain::{HotelId, booking::BookingRecord};
use platform::{
    api::Problem,
    auth::{Caller, Role},
};

use super::Parts;
use crate::reads::ReadFailed;

/// The booking if the caller may see it: whose it is, its hotel's manager, an operator; 404 otherwise.
pub(super) async fn visible(
    ports: &Parts,
    caller: &Caller,
    found: Option<BookingRecord>,
) -> Result<BookingRecord, Problem> {
    let record = found.ok_or_else(Problem::not_found)?;
    let books = caller.has(Role::Traveller) || caller.has(Role::Channel);
    if (books && record.user_id == caller.user_id) || caller.has(Role::Operator) {
        return Ok(record);
    }
    manages(ports, caller, record.hotel_id).await.map(|()| record)
}

/// 404 unless the hotel is there and the caller manages it or is an operator.
pub(super) async fn manages(ports: &Parts, caller: &Caller, hotel: HotelId) -> Result<(), Problem> {
    let owner = ports.reads.active().owner_of(hotel).await.map_err(ReadFailed::from)?;
    let owner = owner.ok_or_else(Problem::not_found)?;
    if caller.manages(owner) { Ok(()) } else { Err(Problem::not_found()) }
}
