//! What this service reads from the event log.

pub mod booking_events;
