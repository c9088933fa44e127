//! Quotes.

pub mod create;
pub mod request;
