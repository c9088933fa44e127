//! The statements, a file per aggregate. Each runs on the connection of its caller's transaction.

pub(super) mod again;
pub(super) mod audit;
pub(super) mod facilities;
pub(super) mod hotels;
pub(super) mod kept;
pub(super) mod localities;
pub(super) mod owners;
pub(super) mod rooms;

use ::domain::Invalid;
use sqlx::{MySql, MySqlConnection, QueryBuilder};
use uuid::Uuid;

use super::StoreError;

/// The error for a row that does not parse.
fn corrupt(table: &'static str) -> impl Fn(Invalid) -> StoreError {
    move |invalid| StoreError::Corrupt { table, says: invalid.says().to_owned() }
}

/// Which of these ids are in the table that `select` (up to `in (`) names. An empty list is not asked for.
async fn present(
    conn: &mut MySqlConnection,
    select: &'static str,
    ids: impl ExactSizeIterator<Item = Uuid> + Send,
) -> Result<Vec<Uuid>, StoreError> {
    if ids.len() == 0 {
        return Ok(Vec::new());
    }
    let mut sql = QueryBuilder::<MySql>::new(select);
    let mut list = sql.separated(", ");
    for id in ids {
        list.push_bind(id);
    }
    sql.push(")");
    Ok(sql.build_query_scalar().fetch_all(conn).await?)
}

/// Whether what `select` finds of `of` has more than `most` rows; no more are looked at.
async fn are_above(
    conn: &mut MySqlConnection,
    select: &'static str,
    of: Uuid,
    most: u32,
) -> Result<bool, sqlx::Error> {
    let beyond: Option<i32> = sqlx::query_scalar(select).bind(of).bind(most).fetch_optional(conn).await?;
    Ok(beyond.is_some())
}
