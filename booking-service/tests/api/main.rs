//! booking-service as its callers see it: over HTTP, on real MySQL and Redis, with a scripted payment provider.
#![cfg(test)]

mod archived;
mod bad_input;
mod booking;
mod bounds;
mod broken_rows;
mod cancellation;
mod events;
mod hold_ends;
mod holds;
mod migrate;
mod owed;
mod payments;
mod provider;
mod races;
mod reads;
mod stage;
