//! The ports of the booking database.
//!
//! Everything that decides about a booking goes through the [`Ledger`]; what hotels and rooms are comes in through
//! [`Stock`]. No transaction crosses a port: plans, snapshots and events do.

mod sql;

pub mod mysql;

#[cfg(test)]
mod conformance;

use std::collections::BTreeSet;

use async_trait::async_trait;
use booking_core::{Plan, Snapshot, Wanted};
use chrono::NaiveDate;
use domain::{
    RoomId,
    hotel::{HotelChanged, RoomChanged},
};
use platform::mysql::DbError;

/// Decides on a snapshot read under locks; called once per transaction, so once or a few times.
pub type DecideLocked<'a> = &'a (dyn Fn(&Snapshot) -> Plan + Send + Sync);

/// Reads what a decision needs and executes what it decided (architecture.md, The booking core).
#[async_trait]
pub trait Ledger: Send + Sync {
    /// What the primary says now. It proposes; only the guarded write decides.
    async fn load(&self, wanted: &Wanted) -> Result<Snapshot, Unavailable>;

    /// Writes the plan in one transaction, or nothing of it. Deadlocks and lock waits are run again, a bounded number
    /// of times.
    async fn commit(&self, plan: &Plan) -> Result<(), CommitError>;

    /// Reads under row locks, decides and writes, in one transaction. An empty plan writes nothing. Answers the snapshot
    /// that was decided on: deciding is pure, so the caller decides on it once more to know what was written.
    async fn commit_locked(&self, wanted: &Wanted, decide: DecideLocked<'_>)
    -> Result<Snapshot, CommitError>;
}

/// What booking-service knows of hotels and rooms, fed by `hotel.events`.
#[async_trait]
pub trait Stock: Send + Sync {
    /// Takes in a hotel: its row, and whether it is on sale into all its rooms, in room order. Versions not above the
    /// last seen change nothing.
    async fn hotel_changed(&self, event: &HotelChanged) -> Result<Taken, Unavailable>;

    /// Takes in a room: its stock, and all its touched nights from the hotel's today on, whose availability is then
    /// told. Never fails for being too low (domain.md, Stock rules). Versions not above the last seen change nothing.
    async fn room_changed(&self, event: &RoomChanged) -> Result<Taken, Unavailable>;

    /// Makes the rows of untouched nights, in a short transaction of its own, from `room_stock` under a share lock.
    async fn ensure_nights(&self, nights: &BTreeSet<(RoomId, NaiveDate)>) -> Result<(), Unavailable>;
}

/// What became of a hotel's or room's event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Written.
    Written,
    /// As new or newer was seen: nothing written.
    Old,
}

/// The booking database does not answer, or a row of it cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the booking database does not answer")]
pub struct Unavailable(#[source] pub DbError);

/// Why a plan was not written, or may not have been.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A guard missed: the world has moved. Nothing was written; decide again with [`Ledger::commit_locked`].
    #[error("the plan is stale")]
    Stale,
    /// Nothing was written.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The answer to COMMIT was lost: run the same work again with the same ids; the unique keys decide.
    #[error("the outcome of the commit is unknown")]
    OutcomeUnknown(#[source] DbError),
}

impl From<DbError> for Unavailable {
    fn from(error: DbError) -> Self {
        Self(error)
    }
}

impl From<sqlx::Error> for Unavailable {
    fn from(error: sqlx::Error) -> Self {
        Self(error.into())
    }
}
