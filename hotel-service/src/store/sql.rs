//! The statements, a file per aggregate. Each runs on the connection of its caller's transaction.

pub(super) mod again;
pub(super) mod audit;
pub(super) mod facilities;
pub(super) mod hotels;
pub(super) mod kept;
pub(super) mod localities;
pub(super) mod owners;
pub(super) mod rooms;

use platform::causes::{BoxError, causes};
use sqlx::{FromRow, MySql, MySqlConnection, QueryBuilder, Row as _, mysql::MySqlRow};
use uuid::Uuid;

use super::{Part, StoreError};

/// A row as its columns have it, and what it says.
trait Columns: for<'r> FromRow<'r, MySqlRow> {
    type Record;
    const TABLE: &'static str;
    /// The column that names it.
    const ID: &'static str;

    fn read(self) -> Result<Self::Record, BoxError>;

    fn id(row: &MySqlRow) -> Result<String, sqlx::Error> {
        row.try_get(Self::ID).map(|id: Uuid| id.to_string())
    }
}

/// What a row says.
fn read<C: Columns>(row: &MySqlRow) -> Result<C::Record, StoreError> {
    let read = C::from_row(row).map_err(BoxError::from).and_then(C::read);
    read.or_else(|why| Err(StoreError::corrupt(C::TABLE, &C::id(row)?, &*why)))
}

/// What these rows say. One that cannot be read is logged and hides none of the others.
fn readable<C: Columns>(rows: &[MySqlRow]) -> Vec<C::Record> {
    let noted = |error: &StoreError| {
        tracing::error!(causes = causes(error), "a row was left out: an operator must look");
    };
    rows.iter().filter_map(|row| read::<C>(row).inspect_err(noted).ok()).collect()
}

/// The first `limit` of these rows, of which one more was asked for.
fn part<C: Columns, P>(
    mut rows: Vec<MySqlRow>,
    limit: u32,
    place: impl FnOnce(&MySqlRow) -> Result<P, sqlx::Error>,
) -> Result<Part<C::Record, P>, StoreError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(place).transpose()?;
    Ok(Part { items: readable::<C>(&rows), next })
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
