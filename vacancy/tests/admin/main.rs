//! The operator's commands on the real servers.

#![cfg(test)]

mod audits;
mod letters;
mod mails;
mod refunds;
mod republish;
mod seeds;
mod stage;
mod tokens;
mod world;
