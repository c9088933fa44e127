//! `vacancy admin ...`: each command a module.

pub mod audit;
mod cli;
mod dlq;
mod duration;
mod failure;
mod groups;
mod interrupt;
mod mails;
mod payments;
mod reconcile;
mod reindex;
pub mod republish;
pub mod seed;
pub mod settings;
mod stores;
mod tell;
pub mod token;

pub use cli::main;
pub use failure::Failure;
pub use groups::Group;
pub use stores::Stores;
