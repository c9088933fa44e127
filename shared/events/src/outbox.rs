//! The outbox: events are rows of the business transaction, published later by [`crate::relay`]. Nobody publishes beside it.

mod entry;
mod row;
pub(crate) mod rows;

use delivery::LANES;
use domain::HotelId;
use serde::{Deserialize, Serialize};
use sqlx::{Executor, MySql, MySqlConnection, QueryBuilder};

pub use self::{
    entry::{BookingEntry, Entry, NightEntry},
    row::{NewRow, rows_of},
};

/// An event to be published once the transaction is committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEvent {
    /// The topic.
    pub topic: String,
    /// What the event is about: events of one key are published in order.
    pub key: String,
    /// The hotel it concerns: all of a hotel goes through one lane. None when it concerns none; then the key chooses the lane.
    #[serde(skip)]
    pub hotel: Option<HotelId>,
    /// What chooses the partition, for example the hotel of a room.
    pub partition_key: String,
    /// The version of what the event is about; rises with every event of the key.
    pub version: i64,
    /// The CloudEvent as JSON; none is a tombstone.
    #[serde(with = "entry::payload")]
    pub payload: Option<Vec<u8>>,
    /// The trace context of the work, see [`crate::traceparent::current`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

impl NewEvent {
    /// The lane it goes through.
    pub fn lane(&self) -> u8 {
        self.hotel.map_or_else(|| delivery::lane_of(&self.key), lane_of)
    }
}

/// The lane of everything about a hotel.
pub fn lane_of(hotel: HotelId) -> u8 {
    hotel.share() % LANES
}

/// Writes the entries in the caller's transaction, the entries of a lane in the order given. Wake the relay after the commit.
pub async fn insert(conn: &mut MySqlConnection, entries: &[Entry]) -> Result<(), sqlx::Error> {
    let rows = rows_of(entries).map_err(|error| sqlx::Error::Encode(error.into()))?;
    for row in rows {
        sqlx::query("insert into outbox (lane, records, entries, created_at) values (?, ?, ?, now(6))")
            .bind(row.lane)
            .bind(row.records)
            .bind(row.entries)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// How many events wait to be published: 0 when the relay has caught up. For the auditor and for metrics.
pub async fn unpublished(on: impl Executor<'_, Database = MySql>) -> Result<u64, sqlx::Error> {
    // Each lane in a look of its own: below a range of lanes the index is of no use, and all that was ever published is read.
    let mut sql = QueryBuilder::<MySql>::new("select cast(0");
    for lane in 0..LANES {
        sql.push(" + (select coalesce(sum(records), 0) from outbox where published_at is null and lane = ")
            .push_bind(lane)
            .push(")");
    }
    sql.push(" as signed)");
    let count: i64 = sql.build_query_scalar().fetch_one(on).await?;
    Ok(count.unsigned_abs())
}
