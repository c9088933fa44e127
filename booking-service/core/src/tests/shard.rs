//! The shard: rounds and misses.

mod misses;
mod rounds;
mod stage;
