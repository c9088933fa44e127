//! What runs on its own.

pub mod clockwork;
pub mod deliver;
