//! Statements beside the ledger: what jobs look for, what lists show, what retention deletes. None of them decides
//! about a booking; that is the ledger's.

pub mod booking_log;
pub mod calendar;
pub mod clock;
pub mod completion;
pub mod gauges;
pub mod holds;
pub mod hotels;
pub mod nights;
pub mod owed;
pub mod papers;
pub mod reconcile;
pub mod retention;
pub mod review;

use sqlx::{Executor, MySql, QueryBuilder};

/// `(?, ?, …)` with the values bound.
fn push_list<T>(sql: &mut QueryBuilder<MySql>, values: impl IntoIterator<Item = T>)
where
    T: for<'q> sqlx::Encode<'q, MySql> + sqlx::Type<MySql> + Send + 'static,
{
    sql.push("(");
    let mut list = sql.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    sql.push(")");
}

/// Runs a statement and says how many rows it touched.
async fn touched<'c, E: Executor<'c, Database = MySql>>(
    query: sqlx::query::Query<'_, MySql, sqlx::mysql::MySqlArguments>,
    on: E,
) -> Result<u64, sqlx::Error> {
    Ok(query.execute(on).await?.rows_affected())
}
