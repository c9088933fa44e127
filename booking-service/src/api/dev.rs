//! For development and tests only.

pub mod clock;
