//! Why a read of MySQL gave nothing.

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
