//! The rules of this service that are not the booking core's: what it signs, verifies and fingerprints. Pure.

pub mod callback;
pub mod fingerprint;
pub mod keyring;
pub mod quote_token;
pub mod webhook;
