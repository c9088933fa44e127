//! Bookings.

pub mod create;
pub mod request;
