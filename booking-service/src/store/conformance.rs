//! What every adapter of the ledger and the stock promises, tried on the real store.

mod concurrent;
mod door;
mod faults;
mod indexes;
mod plans;
#[cfg(feature = "planted_faults")]
mod planted;
mod shards;
mod stage;
mod stock;
mod text;
mod told;
mod words;
