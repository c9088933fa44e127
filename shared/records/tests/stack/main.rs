#![cfg(test)]
//! Reads, purge and bodies on real MySQL and Redis.

mod bodies;
mod lists;
mod purge;
mod reads;
