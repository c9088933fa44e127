//! What runs on its own.

pub mod forgetting;
pub mod gauges;
pub mod recording;
pub mod sending;
