//! Who may see and cancel which booking (details.md, Roles). Absent and not yours is the same 404.

use booking_core::CancelledBy;
use domain::{Actor, ActorKind, HotelId};
use platform::{
    api::Problem,
    auth::{Caller, Role},
};

use crate::{parts::Shared, queries::hotels, store::Parties};

/// As whom the caller may cancel the booking: their own as a traveller, their hotel's as the hotel, an operator as the
/// hotel; 404 otherwise.
pub async fn acts_as(shared: &Shared, caller: &Caller, booking: Parties) -> Result<CancelledBy, Problem> {
    let books = caller.has(Role::Traveller) || caller.has(Role::Channel);
    if books && booking.user_id == caller.user_id {
        return Ok(CancelledBy::Traveller);
    }
    hotel(shared, caller, booking.hotel_id).await.map(|()| CancelledBy::Hotel)
}

/// The caller as the history of a booking names who acts on that side of it.
pub fn actor(caller: &Caller, by: CancelledBy) -> Actor {
    let kind = match by {
        CancelledBy::Traveller if caller.has(Role::Channel) => ActorKind::Channel,
        CancelledBy::Traveller => ActorKind::Traveller,
        CancelledBy::Hotel if caller.has(Role::Operator) => ActorKind::Operator,
        CancelledBy::Hotel => ActorKind::Manager,
    };
    Actor::user(kind, caller.user_id, &caller.subject)
}

/// Whether the caller manages the hotel or is an operator; 404 otherwise.
pub async fn hotel(shared: &Shared, caller: &Caller, hotel: HotelId) -> Result<(), Problem> {
    let owner = hotels::owner(&shared.reads, hotel).await.map_err(Problem::unavailable)?;
    let owner = owner.ok_or_else(Problem::not_found)?;
    if caller.manages(owner) { Ok(()) } else { Err(Problem::not_found()) }
}
