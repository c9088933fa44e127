//! What the provider knows and decides. Pure: time and ids come in, entries and answers go out.

pub mod book;
pub mod card;
pub mod checkout;
pub mod clockwork;
pub mod entry;
pub mod link;
pub mod message;
pub mod play;
pub mod refund;
pub mod script;
pub mod webhook;

use crate::domain::entry::Entry;

/// What was decided: what to write down, and what to answer once it is.
#[derive(Debug)]
pub struct Decided<T> {
    /// To be journaled and applied, all or none.
    pub entries: Vec<Entry>,
    pub answer: T,
}

impl<T> Decided<T> {
    /// An answer that changes nothing.
    pub fn quiet(answer: T) -> Self {
        Self { entries: Vec::new(), answer }
    }
}
