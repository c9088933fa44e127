#![cfg(test)]
//! The service as its clients see it, on real MySQL, Cassandra, Redis and Kafka.

mod access;
mod bad_input;
mod corrupt;
mod faults;
mod history;
mod lists;
mod polling;
mod reading;
mod stage;
