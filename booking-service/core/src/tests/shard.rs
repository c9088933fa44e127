//! The shard: rounds and misses.

mod held;
mod misses;
mod rounds;
mod stage;
