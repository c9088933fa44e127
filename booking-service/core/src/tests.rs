//! The rules, tried: on one small hotel, one promise each, and by random sequences of commands.

mod batch;
mod create;
mod cuts;
pub(crate) mod fixture;
mod hold_ends;
mod model;
mod quote;
mod shard;
mod states;
mod table;
mod words;
