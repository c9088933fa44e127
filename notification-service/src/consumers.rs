//! What is read from the event log.

pub mod booking_events;
