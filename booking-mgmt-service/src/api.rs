//! The API of this service: a file per resource, a file per endpoint of one that has several.

mod access;
mod bookings;
mod hotel_bookings;
mod my_bookings;

use platform::{api::Routes, auth::Role};

use crate::parts::Shared;

/// Who books.
const BOOKERS: &[Role] = &[Role::Traveller, Role::Channel];
/// Who runs hotels: managers their own, operators all.
const MANAGERS: &[Role] = &[Role::Manager, Role::Operator];
/// Whoever may have to do with a booking; which one is decided for each.
const ANYBODY: &[Role] = &[Role::Traveller, Role::Channel, Role::Manager, Role::Operator];

/// Every operation of this service.
pub fn routes() -> Routes<Shared> {
    Routes::new().and(bookings::routes()).and(my_bookings::routes()).and(hotel_bookings::routes())
}
