//! What every adapter of the ledger and the stock promises, tried on the real store.

mod concurrent;
mod door;
mod faults;
mod figures;
mod held;
mod indexes;
mod lost_answers;
mod plans;
#[cfg(feature = "planted_faults")]
mod planted;
mod shards;
mod stage;
mod stock;
mod text;
mod told;
mod troubled;
mod words;
