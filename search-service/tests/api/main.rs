#![cfg(test)]
//! search-service from outside: events in by Kafka, answers out by HTTP.

mod bad_input;
mod completeness;
mod damaged;
mod events;
mod freshness;
mod pages;
mod reindexing;
mod stage;
mod trouble;
