//! Two processes of the booking core on one database, under a seeded scheduler.
//!
//! What runs is what the product runs: [`booking_core::Shard`], [`booking_core::HoldEnds`], [`delivery::Lane`],
//! [`delivery::Partition`], and the rule by which processes divide shares of hotels. Two hotels tell in two lanes; a process has
//! one shard for both, or two. Around them stand models of what they meet: the booking database with its guards
//! ([`booking_core::books::Books`]), the leases, the log, the payment provider, whoever hints that a hold ends, guests who ask again. A seed makes a script of guests and
//! trouble, and decides how long every message takes and which get lost; so a run is the same each time, to the byte.

#[macro_use]
mod tell;

mod answers;
mod asked;
mod call;
mod campaign;
mod case;
mod checker;
pub mod cli;
mod clients;
mod consumer;
mod database;
mod happenings;
mod holds;
mod hotels;
mod jobs;
mod leases;
mod log;
mod moment;
mod money;
mod planted;
mod process;
mod provider;
mod refusals;
mod relay;
mod rest;
mod results;
mod run;
mod shares;
mod shrink;
mod trace;
mod world;

#[cfg(test)]
mod tests;
