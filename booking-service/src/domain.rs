//! The rules of this service that are not the booking core's: what it signs and verifies, and how its events are
//! written. Pure.

pub mod blank_event;
pub mod callback;
pub mod keyring;
pub mod outcome;
pub mod quote_token;
pub mod webhook;
