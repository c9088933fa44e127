//! What is owed right now, for dashboards and alerts.

use sqlx::{FromRow, MySqlPool};

/// Counts of what is open.
#[derive(Debug, Clone, Copy, FromRow)]
pub struct Open {
    /// Voids not yet settled.
    pub voids: i64,
    /// Refunds not yet confirmed.
    pub refunds: i64,
    /// Refunds that the provider refuses.
    pub refused: i64,
    /// Payments that wait for an operator.
    pub in_review: i64,
    /// Invoices without a number.
    pub unnumbered: i64,
}

/// Counts what is open; each count walks only open rows of an index.
pub async fn open(pool: &MySqlPool) -> Result<Open, sqlx::Error> {
    let sql = "select (select count(*) from voids where status = 'owed') as voids, \
               (select count(*) from refunds where status = 'owed') as refunds, \
               (select count(*) from refunds where status = 'failed') as refused, \
               (select count(*) from payments where status = 'in_review') as in_review, \
               (select count(*) from invoices where number is null) as unnumbered";
    sqlx::query_as(sql).fetch_one(pool).await
}
