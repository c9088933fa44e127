//! What runs on its own.

pub mod copying;
mod pace;
pub mod purging;

pub use pace::Wake;
