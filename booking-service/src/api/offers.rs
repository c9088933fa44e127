//! Offers.

pub mod list;
