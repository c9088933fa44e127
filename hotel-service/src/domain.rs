//! The rules of this service: what a hotel and a room may be, how they change, what the audit says. Pure.

pub mod audit;
pub mod catalogue;
pub mod hotel;
pub mod locality;
pub mod merge_patch;
pub mod room;
