//! The ports of the booking database.
//!
//! Everything that decides about a booking goes through the [`Ledger`]; what hotels and rooms are comes in through
//! [`Stock`]. No transaction crosses a port: plans, snapshots and events do.

mod fresh_facts;
mod sql;
mod stages;
mod turn;

#[cfg(test)]
mod memory;
pub mod mysql;

pub(crate) use sql::outgoing::{told, touched};
pub(crate) use stages::took;

#[cfg(test)]
mod conformance;

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use booking_core::{Claim, Plan, Snapshot, Wanted};
use chrono::NaiveDate;
use domain::{BookingId, HotelId, RoomId, UserId, event::HotelEvent};
use platform::mysql::{DbError, Transient, retry_unit};

pub use self::{
    fresh_facts::FreshFacts,
    turn::{TakenBack, Turn},
};

/// Whose a booking is. It never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parties {
    /// The hotel that is stayed at.
    pub hotel_id: HotelId,
    /// Who booked.
    pub user_id: UserId,
}

/// How long after its snapshot's `now` a plan may still be committed. A record's `updated_at` is that `now`, and who polls
/// lists by it reads only what is at least 15 s old (`complete_until`): a commit that came later would never be seen.
pub const COMMIT_WITHIN: Duration = Duration::from_secs(10);

/// Until when a plan may be committed: taken before its snapshot was read, so it is never too late. Measured by the
/// process's own steady clock, which no test clock moves.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(tokio::time::Instant);

/// Decides on a snapshot read under locks; called once per transaction, so once or a few times.
pub type DecideLocked<'a> = &'a (dyn Fn(&Snapshot) -> Plan + Send + Sync);

/// Reads what a decision needs and executes what it decided (architecture.md, The booking core).
#[async_trait]
pub trait Ledger: Send + Sync {
    /// What the primary says now. It proposes; only the guarded write decides.
    async fn load(&self, wanted: &Wanted) -> Result<Snapshot, StoreError>;

    /// Writes the plan in one transaction, or nothing of it. Deadlocks are run again, a bounded number of
    /// times. Its nights and its COMMIT come after those of the plan before it, if the turn names one. Past the turn's
    /// deadline the plan is stale: a COMMIT is not sent any more.
    async fn commit(&self, plan: &Plan, turn: &Turn) -> Result<(), CommitError>;

    /// Reads under row locks, decides and writes, in one transaction, within [`COMMIT_WITHIN`] of its read. An empty plan
    /// writes nothing. What is decided rests on no key that somebody has used while rows were waited for. Answers the
    /// snapshot that was decided on: deciding is pure, so the caller decides on it once more to know what was written.
    async fn commit_locked(&self, wanted: &Wanted, decide: DecideLocked<'_>)
    -> Result<Snapshot, CommitError>;

    /// Which of these others hold locked now. It waits for nobody.
    async fn locked(&self, claims: &BTreeSet<Claim>) -> Result<BTreeSet<Claim>, StoreError>;

    /// Whose a booking is, active or purged.
    async fn parties(&self, booking: BookingId) -> Result<Option<Parties>, StoreError>;

    /// Where the rows of a hotel are. A plan holds rows of one home.
    fn home(&self, hotel: HotelId) -> u16;
}

/// What booking-service knows of hotels and rooms, fed by `hotel.events`.
#[async_trait]
pub trait Stock: Send + Sync {
    /// Takes in hotels and rooms, in few short transactions, and says of each event, in order, what became of it; no more is
    /// said behind one that met a database which does not answer. Versions not above the last seen change nothing.
    ///
    /// A hotel: its row and, if it went on or off sale, all its rooms, in room order. A room: its stock and, if its quantity
    /// changed, all its touched nights from the hotel's today on, whose availability is then told. Never fails for being too
    /// low (domain.md, Stock rules).
    async fn take_in(&self, events: &[HotelEvent]) -> Vec<Result<Taken, StoreError>>;

    /// Makes the rows of untouched nights, in a short transaction of its own, from `room_stock` under a share lock.
    async fn ensure_nights(&self, nights: &BTreeSet<(RoomId, NaiveDate)>) -> Result<(), StoreError>;
}

impl Deadline {
    /// For a plan whose snapshot is read from now on, to be committed `within` so much time.
    pub fn after(within: Duration) -> Self {
        Self(tokio::time::Instant::now() + within)
    }

    /// Whether it is too late.
    pub fn is_over(self) -> bool {
        tokio::time::Instant::now() >= self.0
    }
}

/// What became of a hotel's or room's event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Written.
    Written,
    /// As new or newer was seen: nothing written.
    Old,
}

/// The booking database gives no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not answer: asking again may help.
    #[error("the booking database does not answer")]
    Unavailable(#[source] DbError),
    /// A row is stored, but does not parse: asking again does not help, and other rows are fine.
    #[error("a stored row cannot be read")]
    Unreadable(#[source] DbError),
}

/// Why a plan was not written, or may not have been.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A guard missed: the world has moved. Nothing was written; decide again with [`Ledger::commit_locked`].
    #[error("the plan is stale")]
    Stale,
    /// A check of the database refused what was decided, though every guard of that row was met: the rules are at fault. Nothing
    /// was written.
    #[error("a check refused what was decided")]
    Defect(#[source] DbError),
    /// The plan before it was not committed. Nothing was written.
    #[error(transparent)]
    TakenBack(#[from] TakenBack),
    /// Somebody holds a row and does not let go. Nothing was written; [`Ledger::locked`] tells who waits for whom.
    #[error("a row is held by somebody else")]
    LockTimeout(#[source] DbError),
    /// Nothing was written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The answer to COMMIT was lost: run the same work again with the same ids; the unique keys decide.
    #[error("the outcome of the commit is unknown")]
    OutcomeUnknown(#[source] DbError),
}

impl Transient for StoreError {
    fn is_transient(&self) -> bool {
        let (Self::Unavailable(error) | Self::Unreadable(error)) = self;
        sql::helps_soon(error)
    }
}

/// What the ledger says, for whoever decides nothing on it: it is asked again while that may help soon.
pub async fn read(ledger: &dyn Ledger, wanted: &Wanted) -> Result<Snapshot, StoreError> {
    retry_unit(sql::RETRY, || ledger.load(wanted)).await
}

/// Whose a booking is, asked again like [`read`].
pub async fn parties(ledger: &dyn Ledger, booking: BookingId) -> Result<Option<Parties>, StoreError> {
    retry_unit(sql::RETRY, || ledger.parties(booking)).await
}

impl From<DbError> for StoreError {
    fn from(error: DbError) -> Self {
        let unreadable =
            matches!(&error, DbError::Other(sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. }));
        if unreadable { Self::Unreadable(error) } else { Self::Unavailable(error) }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        DbError::from(error).into()
    }
}
