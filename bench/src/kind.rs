//! The ways that are compared, by name.

use clap::ValueEnum;
use e2e::failed::Failed;

use crate::{
    ground::Ground,
    way::Way,
    ways::{batches, conditional, naive, one_by_one, procedure, quota, stream},
};

/// The ways that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Kind {
    /// Ours before the shards: a booking a transaction.
    OneByOne,
    /// The nights locked and read, the booking inserted, the nights updated.
    A,
    /// The booking inserted, the nights updated under their guard last.
    B,
    /// The same as a stored procedure: one round trip.
    Procedure,
    /// Redis counts, MySQL keeps the bookings, the counts are written every five seconds.
    C,
    /// Redis counts and keeps the orders, which are stored later: acknowledged before that.
    D,
    /// Shards that decide and write batches.
    Ours,
}

impl Kind {
    /// All of them, the simplest first.
    pub(crate) const ALL: [Self; 7] =
        [Self::OneByOne, Self::A, Self::B, Self::Procedure, Self::C, Self::D, Self::Ours];

    /// Its name in tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::OneByOne => "one by one, as before the shards",
            Self::A => "A naive",
            Self::B => "B conditional update last",
            Self::Procedure => "B as a stored procedure",
            Self::C => "C quota in Redis",
            Self::D => "D stream, acknowledged before it is durable",
            Self::Ours => "ours",
        }
    }

    /// Its name on the command line.
    pub(crate) fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Begins a round.
    pub(crate) async fn begin(self, ground: &Ground) -> Result<Box<dyn Way>, Failed> {
        Ok(match self {
            Self::OneByOne => Box::new(one_by_one::OneByOne::new(ground)),
            Self::A => Box::new(naive::Naive::new(ground)),
            Self::B => Box::new(conditional::Conditional::new(ground)),
            Self::Procedure => Box::new(procedure::Procedure::new(ground).await?),
            Self::C => Box::new(quota::Quota::start(ground).await?),
            Self::D => Box::new(stream::Stream::start(ground).await?),
            Self::Ours => Box::new(batches::Batches::start(ground)?),
        })
    }
}
