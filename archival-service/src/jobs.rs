//! What runs on its own.

pub mod copying;
pub mod purging;
pub mod walking;
