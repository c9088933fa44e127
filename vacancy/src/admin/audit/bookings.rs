//! Bookings as the checks read them: page by page in the order of their ids, so that memory is bounded.

use chrono::NaiveDate;
use domain::{BookingId, booking::BookingFacts};
use sqlx::{FromRow, MySql, MySqlConnection, QueryBuilder};
use uuid::Uuid;

/// A row of `bookings`, as far as checks need it.
#[derive(Debug, FromRow)]
pub(super) struct Row {
    pub(super) booking_id: Uuid,
    pub(super) hotel_id: Uuid,
    pub(super) start_date: NaiveDate,
    pub(super) end_date: NaiveDate,
    pub(super) status: String,
    pub(super) penalty: Option<i64>,
    pub(super) facts: Vec<u8>,
}

pub(super) const COLUMNS: &str =
    "select booking_id, hotel_id, start_date, end_date, status, penalty, facts from bookings";

/// The next page behind `after`; empty at the end.
pub(super) async fn page(
    conn: &mut MySqlConnection,
    after: Uuid,
    limit: u32,
) -> Result<Vec<Row>, sqlx::Error> {
    let mut sql = QueryBuilder::<MySql>::new(COLUMNS);
    sql.push(" where booking_id > ").push_bind(after);
    sql.push(" order by booking_id limit ").push_bind(limit);
    sql.build_query_as().fetch_all(conn).await
}

impl Row {
    /// Its facts, or the breach that they do not parse.
    pub(super) fn facts(&self) -> Result<BookingFacts, String> {
        serde_json::from_slice(&self.facts).map_err(|error| format!("{} cannot be read: {error}", self.id()))
    }

    /// For a person.
    pub(super) fn id(&self) -> String {
        format!("booking {}", BookingId::from_uuid(self.booking_id))
    }
}

/// `(?, ?, …)`; of nothing, what equals nothing.
pub(super) fn in_list(sql: &mut QueryBuilder<MySql>, ids: impl IntoIterator<Item = Uuid>) {
    sql.push("(");
    let mut list = sql.separated(", ");
    let mut any = false;
    for id in ids {
        list.push_bind(id);
        any = true;
    }
    sql.push(if any { ")" } else { "null)" });
}
