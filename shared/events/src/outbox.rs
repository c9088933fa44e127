//! The outbox: events are rows of the business transaction, published later by [`crate::relay`]. Nobody publishes beside it.

pub(crate) mod rows;

use sqlx::{MySql, MySqlConnection, QueryBuilder};

pub use delivery::{LANES, lane_of};

/// An event to be published once the transaction is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The topic, at most 64 characters.
    pub topic: String,
    /// What the event is about, at most 128 characters: events of one key are published in order.
    pub key: String,
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

/// Rows of one statement: bounds the packet and the lock time of a large transaction.
const ROWS_PER_STATEMENT: usize = 500;

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
        row.push_bind(lane_of(&event.key))
            .push_bind(event.topic.as_str())
            .push_bind(event.key.as_str())
            .push_bind(event.partition_key.as_str())
            .push_bind(event.version)
            .push_bind(event.payload.as_deref())
            .push_bind(event.traceparent.as_deref())
            .push("now(6)");
    });
    sql.build().execute(conn).await?;
    Ok(())
}

/// How many events wait to be published: 0 when the relay has caught up. For the auditor and for metrics.
pub async fn unpublished(pool: &sqlx::MySqlPool) -> Result<u64, sqlx::Error> {
    let sql = "select count(*) from outbox where lane < ? and published_at is null";
    let count: i64 = sqlx::query_scalar(sql).bind(LANES).fetch_one(pool).await?;
    Ok(count.unsigned_abs())
}
