//! What exists only while developing and testing.

pub mod clock;
