//! Cancellations.

pub mod cancel;
pub mod preview;
pub mod request;
