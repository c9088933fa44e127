//! The outbox: events are rows of the business transaction, published later by [`crate::relay`]. Nobody publishes beside it.

pub(crate) mod rows;

use delivery::LANES;
use domain::HotelId;
use sqlx::{Executor, MySql, MySqlConnection, QueryBuilder};

/// An event to be published once the transaction is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The topic, at most 64 characters.
    pub topic: String,
    /// What the event is about, at most 128 characters: events of one key are published in order.
    pub key: String,
    /// The hotel it concerns: all of a hotel goes through one lane. None when it concerns none; then the key chooses the lane.
    pub hotel: Option<HotelId>,
    /// What chooses the partition, at most 64 characters, for example the hotel of a room.
    pub partition_key: String,
    /// The version of what the event is about; rises with every event of the key.
    pub version: i64,
    /// The CloudEvent as JSON. None when the relay shall read the current state after the commit (see
    /// [`crate::relay::CurrentState`]); a tombstone for topics without such a source.
    pub payload: Option<Vec<u8>>,
    /// The trace context of the work, see [`crate::traceparent::current`].
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

/// Rows of one statement: bounds the packet and the lock time of a large transaction.
const ROWS_PER_STATEMENT: usize = 500;

/// Statements of at most so many rows stay prepared: those of a booking, whose lengths are few and come often.
const ROWS_KEPT_PREPARED: usize = 16;

/// Writes the events in the caller's transaction, in the order given. Wake the relay after the commit.
pub async fn insert(conn: &mut MySqlConnection, events: &[NewEvent]) -> Result<(), sqlx::Error> {
    for chunk in events.chunks(ROWS_PER_STATEMENT) {
        insert_chunk(conn, chunk).await?;
    }
    Ok(())
}

async fn insert_chunk(conn: &mut MySqlConnection, events: &[NewEvent]) -> Result<(), sqlx::Error> {
    let mut sql = QueryBuilder::<MySql>::new(
        "insert into outbox (lane, topic, event_key, partition_key, version, payload, traceparent, created_at) ",
    );
    sql.push_values(events, |mut row, event| {
        row.push_bind(event.lane())
            .push_bind(event.topic.as_str())
            .push_bind(event.key.as_str())
            .push_bind(event.partition_key.as_str())
            .push_bind(event.version)
            .push_bind(event.payload.as_deref())
            .push_bind(event.traceparent.as_deref())
            .push("now(6)");
    });
    // A prepared statement for each length would drive the caller's own ones out of the connection's cache.
    sql.build().persistent(events.len() <= ROWS_KEPT_PREPARED).execute(conn).await?;
    Ok(())
}

/// How many events wait to be published: 0 when the relay has caught up. For the auditor and for metrics.
pub async fn unpublished(on: impl Executor<'_, Database = MySql>) -> Result<u64, sqlx::Error> {
    // Each lane in a look of its own: below a range of lanes the index is of no use, and all that was ever published is read.
    let mut sql = QueryBuilder::<MySql>::new("select 0");
    for lane in 0..LANES {
        sql.push(" + (select count(*) from outbox where published_at is null and lane = ")
            .push_bind(lane)
            .push(")");
    }
    let count: i64 = sql.build_query_scalar().fetch_one(on).await?;
    Ok(count.unsigned_abs())
}
