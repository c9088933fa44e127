use sqlx::{MySql, MySqlConnection, MySqlPool, Transaction};

use super::{DbError, error::classify_commit};

/// A transaction whose lost COMMIT is told apart from every other failure. Rolled back when dropped.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, MySql>,
}

impl Tx {
    /// Begins a transaction on a connection of the pool.
    pub async fn begin(pool: &MySqlPool) -> Result<Self, DbError> {
        Ok(Self { inner: pool.begin().await? })
    }

    /// The connection inside the transaction, as sqlx wants it.
    pub fn conn(&mut self) -> &mut MySqlConnection {
        &mut self.inner
    }

    /// Commits. `CommitUnknown` when the answer was lost.
    pub async fn commit(self) -> Result<(), DbError> {
        self.inner.commit().await.map_err(classify_commit)
    }

    /// Rolls back now rather than when the connection is next used.
    pub async fn rollback(self) -> Result<(), DbError> {
        self.inner.rollback().await.map_err(DbError::from)
    }
}
