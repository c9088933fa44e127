//! Why a read of MySQL gave nothing, and what becomes of a row that cannot be read.

use std::{collections::HashMap, error::Error};

use platform::causes::causes;
use uuid::Uuid;

/// Why a read gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The database does not answer.
    #[error("the booking database does not answer")]
    Unavailable(#[from] sqlx::Error),
    /// A row does not parse: a mistake of ours or damage.
    #[error("the row {id} of {table} is corrupt: {why}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row's key.
        id: Uuid,
        /// What does not parse.
        why: String,
    },
}

impl ReadError {
    /// Counts the row, too: nobody should have to read logs to learn of damage.
    pub(crate) fn corrupt(table: &'static str, id: Uuid, why: &dyn std::fmt::Display) -> Self {
        metrics::counter!("corrupt_rows_total", "table" => table).increment(1);
        Self::Corrupt { table, id, why: why.to_string() }
    }
}

/// What each row says: one that is corrupt hides none of the others.
pub type EachRow<K, T> = HashMap<K, Result<T, ReadError>>;

/// What a row of a list says; nothing of one that is corrupt: the list goes on without it.
pub fn readable<T, E: Error + 'static>(read: Result<T, E>) -> Option<T> {
    read.inspect_err(|error| left_out(error)).ok()
}

/// Tells of a row that a list goes on without. It was counted when it was found corrupt.
pub fn left_out(error: &(impl Error + 'static)) {
    tracing::error!(causes = causes(error), "a row was left out: an operator must look");
}
