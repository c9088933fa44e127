//! The statements of the ledger and of the stock, one file per aggregate. Each list is sorted by primary key.
//!
//! What is looked up by a list names its index. The server walks a table that it thinks small, under `for update` over the locks
//! of strangers; and where it reckons with old statistics, the holds of everybody for those of a few.

pub(super) mod bookings;
pub(super) mod keys;
pub(super) mod log;
pub(super) mod money;
pub(super) mod money_rows;
pub(super) mod nights;
pub(super) mod outgoing;
pub(super) mod papers;
mod script;
pub(super) mod stock;

use std::error::Error;

use chrono::NaiveDateTime;
use domain::Instant;
use platform::mysql::{DbError, Literal, RetrySettings, Text, Transient, push_list};
use sqlx::{
    MySql, MySqlConnection, QueryBuilder, Row as _,
    mysql::{MySqlArguments, MySqlRow},
};

use super::TakenBack;

pub(super) use script::{MadeFacts, Script};

/// How often a transaction is run again that met another one. A deadlock has a winner each time, so this is enough
/// for far more writers on one row than a pool has connections.
pub(super) const RETRY: RetrySettings = RetrySettings { attempts: 8, first_wait_ms: 5, most_wait_ms: 100 };

/// Whether rows are only read, or locked for the decision that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadMode {
    /// A proposal: nothing is locked.
    Plain,
    /// A decision: rows stay as they are until it is written.
    Locked,
}

impl ReadMode {
    pub(super) const fn for_update(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Locked => " for update",
        }
    }

    pub(super) const fn for_share(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Locked => " for share",
        }
    }
}

/// A statement of a plan did not do what it had to.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    /// A guard missed, or a unique key refused: the plan is stale.
    #[error("a guard missed")]
    Stale,
    /// A check refused what the plan writes, though the row's guard was met: the plan itself is wrong.
    #[error("a check refused what was decided")]
    Defect(#[source] DbError),
    /// The plan before it was not committed.
    #[error(transparent)]
    TakenBack(#[from] TakenBack),
    /// The database failed.
    #[error(transparent)]
    Db(DbError),
}

impl From<DbError> for WriteError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unique { .. } => Self::Stale,
            defect @ DbError::Check { .. } => Self::Defect(defect),
            other @ (DbError::Deadlock(_)
            | DbError::LockTimeout(_)
            | DbError::ConnectionLost(_)
            | DbError::CommitUnknown(_)
            | DbError::Other(_)) => Self::Db(other),
        }
    }
}

impl From<sqlx::Error> for WriteError {
    fn from(error: sqlx::Error) -> Self {
        DbError::from(error).into()
    }
}

impl Transient for WriteError {
    fn is_transient(&self) -> bool {
        match self {
            Self::Stale | Self::Defect(_) | Self::TakenBack(_) => false,
            Self::Db(error) => helps_soon(error),
        }
    }
}

/// Whether running the unit again may help within moments: not when no connection is to be had, since the caller has waited for
/// one already.
pub(super) fn helps_soon(error: &DbError) -> bool {
    match error {
        DbError::Deadlock(_) | DbError::LockTimeout(_) => true,
        DbError::ConnectionLost(source) => {
            !matches!(source, sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed)
        }
        DbError::Unique { .. } | DbError::Check { .. } | DbError::CommitUnknown(_) | DbError::Other(_) => {
            false
        }
    }
}

/// The database's clock plus the test clock's offset.
const NOW: &str =
    "timestampadd(microsecond, coalesce((select max(offset_us) from dev_clock), 0), utc_timestamp(6))";

/// The database's clock plus the test clock's offset.
pub(super) async fn now(conn: &mut MySqlConnection) -> Result<Instant, DbError> {
    let mut sql = QueryBuilder::new("select ");
    let at: NaiveDateTime = sql.push(NOW).build_query_scalar().fetch_one(conn).await?;
    Ok(Instant::from_naive_utc(at))
}

/// The same, as a statement of a packet.
pub(super) fn select_now() -> Text {
    let mut sql = Text::new("select ");
    sql.push(NOW).push(" as at");
    sql
}

/// What [`select_now`] says.
pub(super) fn said_now(row: &MySqlRow) -> Result<Instant, DbError> {
    Ok(Instant::from_naive_utc(row.try_get("at")?))
}

/// The server's time in UTC, in a row of values.
pub(super) struct Utc;

impl Literal for Utc {
    fn write_to(&self, sql: &mut String) {
        sql.push_str("utc_timestamp(6)");
    }
}

/// Runs a statement that must change exactly `rows` rows.
pub(super) async fn exactly(
    conn: &mut MySqlConnection,
    rows: u64,
    query: sqlx::query::Query<'_, MySql, MySqlArguments>,
) -> Result<(), WriteError> {
    let touched = query.execute(conn).await?.rows_affected();
    if touched == rows { Ok(()) } else { Err(WriteError::Stale) }
}

/// A stored value that does not parse: a mistake of ours, never a client's.
pub(super) fn corrupt(error: impl Into<Box<dyn Error + Send + Sync>>) -> DbError {
    DbError::Other(sqlx::Error::Decode(error.into()))
}
