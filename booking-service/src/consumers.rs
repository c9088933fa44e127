//! What this service reads from the event log.

pub mod hotel_events;
