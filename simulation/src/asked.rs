//! What somebody wants done, and how often it was asked.

use booking_core::{Work, shard::Class};
use domain::{BookingId, Money};

use crate::{moment::Moment, process::Who, provider::Word};

/// What somebody wants done, however often it is asked.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) work: Work,
    pub(crate) class: Class,
    pub(crate) whose: Whose,
    pub(crate) tries: u32,
    /// Whether the answer was heard, or nobody waits for it any more.
    pub(crate) done: bool,
}

/// Who wants it.
#[derive(Debug, Clone)]
pub(crate) enum Whose {
    Guest(u64),
    /// The provider, with a word that it says until it is heard.
    Word(u64, BookingId, Word),
    /// The ends of holds of a process.
    Hold(Who, BookingId),
    Job,
}

/// One try of it.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) asked: usize,
    pub(crate) who: Who,
    /// With the names that this try gives to what it makes.
    pub(crate) work: Work,
    /// When its shard took it in.
    pub(crate) arrived: Option<Moment>,
    pub(crate) answered: bool,
}

/// A guest who has a booking.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guest {
    pub(crate) booking: BookingId,
    pub(crate) due: Money,
}
