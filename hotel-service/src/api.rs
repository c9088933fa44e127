//! The API of this service: a file per resource, a file per endpoint.

mod audit;
pub mod bodies;
mod facilities;
mod hotels;
mod idempotency;
mod localities;
mod refusals;
mod rooms;
mod steps;
mod views;

use platform::{api::Routes, auth::Role};

use crate::parts::Shared;

/// Who runs hotels: managers their own, operators all.
const MANAGERS: &[Role] = &[Role::Manager, Role::Operator];

/// Who runs the platform.
const OPERATORS: &[Role] = &[Role::Operator];

/// Every operation of this service.
pub fn routes() -> Routes<Shared> {
    Routes::new()
        .and(hotels::routes())
        .and(audit::routes())
        .and(rooms::routes())
        .and(localities::routes())
        .and(facilities::routes())
}
