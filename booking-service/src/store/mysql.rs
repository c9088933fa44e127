//! The ports on `MySQL`: one transaction per plan, guards first to last in the one lock order, nights right before
//! COMMIT.

mod snapshot;
mod stock;

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use booking_core::{Plan, Snapshot, Wanted};
use chrono::NaiveDate;
use domain::RoomId;
use platform::mysql::{DbError, Tx, retry_unit};
use sqlx::{MySqlConnection, MySqlPool};

use super::{
    COMMIT_WITHIN, CommitError, Deadline, DecideLocked, Ledger, StoreError,
    sql::{
        Brief, RETRY, ReadMode, WriteError, bookings, keys, log, money, nights, outgoing, papers,
        stock as stock_sql,
    },
};

pub use stock::MySqlStock;

/// How often a decision under locks is made anew: it may find nights to be made, or a key that was taken between its
/// look and its insert, and after that nothing can be stale.
const LOCKED_RUNS: u32 = 4;

/// The ledger on `MySQL`.
#[derive(Debug, Clone)]
pub struct MySqlLedger {
    pool: MySqlPool,
    commit_within: Duration,
}

impl MySqlLedger {
    /// A ledger on the primary.
    pub const fn new(pool: MySqlPool) -> Self {
        Self { pool, commit_within: COMMIT_WITHIN }
    }

    /// One whose decisions under locks are committed within so much time, or made anew.
    #[cfg(test)]
    #[must_use]
    pub fn committing_within(self, commit_within: Duration) -> Self {
        Self { commit_within, ..self }
    }

    async fn write_once(&self, plan: &Plan, until: Deadline) -> Result<(), WriteError> {
        let mut tx = Tx::begin(&self.pool).await?;
        let written = write(tx.conn(), plan).await;
        finish(tx, written, until).await
    }

    async fn locked_once(&self, wanted: &Wanted, decide: DecideLocked<'_>) -> Result<Locked, WriteError> {
        let mut tx = Tx::begin(&self.pool).await?;
        let until = Deadline::after(self.commit_within);
        let snapshot = snapshot::read(tx.conn(), wanted, ReadMode::Locked).await?;
        let plan = decide(&snapshot);
        if !plan.untouched.is_empty() {
            tx.rollback().await?;
            return Ok(Locked::Untouched(plan.untouched));
        }
        // Rooms and nights may have been waited for, and the first try of this very request may have had them: its key
        // was looked for before. A refusal that rests on what it took is none.
        let late =
            plan.is_empty() && keys::find(tx.conn(), &wanted.scopes, ReadMode::Plain).await? != snapshot.keys;
        let written = if late { Err(WriteError::Stale) } else { write(tx.conn(), &plan).await };
        finish(tx, written, until).await.map(|()| Locked::Written(Box::new(snapshot)))
    }
}

/// What a transaction under locks came to.
enum Locked {
    Written(Box<Snapshot>),
    Untouched(BTreeSet<(RoomId, NaiveDate)>),
}

#[async_trait]
impl Ledger for MySqlLedger {
    async fn load(&self, wanted: &Wanted) -> Result<Snapshot, StoreError> {
        let read = || async {
            let mut conn = self.pool.acquire().await?;
            snapshot::read(&mut conn, wanted, ReadMode::Plain).await.map_err(Brief)
        };
        retry_unit(RETRY, read).await.map_err(|Brief(error)| error.into())
    }

    async fn commit(&self, plan: &Plan, until: Deadline) -> Result<(), CommitError> {
        if plan.is_empty() {
            return Ok(());
        }
        stock::ensure(&self.pool, &plan.untouched).await?;
        retry_unit(RETRY, || self.write_once(plan, until)).await.map_err(CommitError::from)
    }

    async fn commit_locked(
        &self,
        wanted: &Wanted,
        decide: DecideLocked<'_>,
    ) -> Result<Snapshot, CommitError> {
        for _ in 0..LOCKED_RUNS {
            match retry_unit(RETRY, || self.locked_once(wanted, decide)).await {
                Ok(Locked::Written(snapshot)) => return Ok(*snapshot),
                Ok(Locked::Untouched(nights)) => stock::ensure(&self.pool, &nights).await?,
                Err(WriteError::Stale) => metrics::counter!("booking_locked_plans_stale_total").increment(1),
                Err(error @ WriteError::Db(_)) => return Err(error.into()),
            }
        }
        Err(CommitError::Stale)
    }
}

/// Executes a plan in the one lock order: idempotency keys, bookings, their log, payments, papers,
/// `room_stock`, nights.
async fn write(conn: &mut MySqlConnection, plan: &Plan) -> Result<(), WriteError> {
    for answer in &plan.answers {
        keys::insert(conn, answer).await?;
    }
    for new in &plan.bookings {
        bookings::insert(conn, new).await?;
    }
    for step in &plan.moves {
        bookings::change(conn, step).await?;
    }
    log::write(conn, &plan.events).await?;
    money::write(conn, plan).await?;
    papers::write(conn, plan).await?;
    stock_sql::require(conn, &plan.stock).await?;
    outgoing::write(conn, plan).await?;
    nights::shift(conn, &plan.nights).await
}

/// Commits what was written in time, else rolls it back.
async fn finish(tx: Tx, written: Result<(), WriteError>, until: Deadline) -> Result<(), WriteError> {
    let in_time = if until.is_over() { Err(WriteError::Stale) } else { Ok(()) };
    match written.and(in_time) {
        Ok(()) => Ok(tx.commit().await?),
        Err(error) => {
            // The connection is broken or the rollback works; either way nothing remains.
            if let Err(rollback) = tx.rollback().await {
                let error: &dyn std::error::Error = &rollback;
                tracing::debug!(error, "a transaction ended by its connection");
            }
            Err(error)
        }
    }
}

impl From<WriteError> for CommitError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Stale => Self::Stale,
            WriteError::Db(error @ DbError::CommitUnknown(_)) => Self::OutcomeUnknown(error),
            WriteError::Db(
                error @ (DbError::Deadlock(_)
                | DbError::LockTimeout(_)
                | DbError::Unique { .. }
                | DbError::Check { .. }
                | DbError::ConnectionLost(_)
                | DbError::Other(_)),
            ) => Self::Store(error.into()),
        }
    }
}
