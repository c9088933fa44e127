//! hotel-service over HTTP, on real MySQL and real Kafka.
#![cfg(test)]

mod audit;
mod bad_input;
mod broken_rows;
mod caching;
mod events;
mod hotels;
mod idempotency;
mod lists;
mod operators;
mod ownership;
mod preconditions;
mod republish;
mod rooms;
mod seed;
mod stage;
mod start;
