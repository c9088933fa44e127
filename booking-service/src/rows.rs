//! Rows as they are stored: one that does not say what it should is left out, counted and logged.

use domain::{Currency, Money};
use platform::causes::{BoxError, causes};
use uuid::Uuid;

/// A row that does not say what it should.
#[derive(Debug, thiserror::Error)]
#[error("{table} {id} cannot be read")]
pub(crate) struct UnreadableRow {
    table: &'static str,
    id: Uuid,
    #[source]
    source: BoxError,
}

impl UnreadableRow {
    /// The row of the table with this id.
    pub(crate) fn of(table: &'static str, id: Uuid, source: impl Into<BoxError>) -> Self {
        Self { table, id, source: source.into() }
    }

    /// Tells whoever runs us that the row was left out.
    pub(crate) fn note(&self) {
        metrics::counter!("booking_rows_unreadable_total", "table" => self.table).increment(1);
        tracing::error!(causes = causes(self), "a row was left out: an operator must look");
    }
}

/// The rows that can be read; one that cannot hides none of the others.
pub(crate) fn readable<R, T>(rows: Vec<R>, read: impl Fn(R) -> Result<T, UnreadableRow>) -> Vec<T> {
    rows.into_iter().filter_map(|row| read(row).inspect_err(UnreadableRow::note).ok()).collect()
}

/// What was read of the row, if it can be.
pub(crate) fn if_readable<T>(
    table: &'static str,
    id: Uuid,
    read: Result<T, impl Into<BoxError>>,
) -> Option<T> {
    read.map_err(|error| UnreadableRow::of(table, id, error)).inspect_err(UnreadableRow::note).ok()
}

/// An amount as stored; what does not parse is corrupt.
pub(crate) fn money(amount: i64, currency: &str) -> Result<Money, sqlx::Error> {
    let currency = Currency::parse(currency).map_err(|invalid| sqlx::Error::Decode(invalid.into()))?;
    Money::new(amount, currency).map_err(|error| sqlx::Error::Decode(error.into()))
}
