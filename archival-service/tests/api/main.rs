#![cfg(test)]
//! The archiver on real MySQL, Cassandra and Kafka: step by step, killed between steps, and as a whole service.

mod running;
mod scanning;
mod stage;
mod steps;
