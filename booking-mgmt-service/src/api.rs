//! The API of this service: a file per resource, a file per endpoint of one that has several.

mod access;
mod bookings;
mod hotel_bookings;
mod my_bookings;

use std::sync::Arc;

use platform::{api::Routes, auth::Role, clock::Clock};
use records::CheckoutLinks;

use crate::{reads::Reads, settings::HotelListSettings};

/// What the handlers work with. Cheap to clone.
pub type Ports = Arc<Parts>;

/// What the handlers work with.
pub struct Parts {
    /// Both stores.
    pub reads: Reads,
    /// Signs the links of RESERVED bookings.
    pub links: CheckoutLinks,
    /// The booking database's clock.
    pub clock: Arc<dyn Clock>,
    /// The window of a hotel's list.
    pub list: HotelListSettings,
}

/// Who books.
const BOOKERS: &[Role] = &[Role::Traveller, Role::Channel];
/// Who runs hotels: managers their own, operators all.
const MANAGERS: &[Role] = &[Role::Manager, Role::Operator];
/// Whoever may have to do with a booking; which one is decided for each.
const ANYBODY: &[Role] = &[Role::Traveller, Role::Channel, Role::Manager, Role::Operator];

/// Every operation of this service.
pub fn routes() -> Routes<Ports> {
    Routes::new().and(bookings::routes()).and(my_bookings::routes()).and(hotel_bookings::routes())
}
