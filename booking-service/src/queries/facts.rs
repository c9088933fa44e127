//! What bookings were made with, as it stands in their rows: events carry it.

use std::collections::{BTreeSet, HashMap};

use domain::BookingId;
use platform::mysql;
use serde_json::value::RawValue;
use sqlx::{MySqlPool, QueryBuilder};
use uuid::Uuid;

use crate::rows::{UnreadableRow, readable};

/// No statement names more bookings.
const IDS_PER_STATEMENT: usize = 500;

/// The facts of these bookings as they stand; a booking that is not there, or whose facts are no JSON, is left out.
pub async fn by_ids(
    pool: &MySqlPool,
    ids: &BTreeSet<BookingId>,
) -> Result<HashMap<BookingId, Box<RawValue>>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let mut facts = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(IDS_PER_STATEMENT) {
        let mut sql = QueryBuilder::new(
            "select booking_id, facts from bookings force index (primary) where booking_id in ",
        );
        mysql::push_list(&mut sql, mysql::padded(chunk));
        // A statement kept for each length would drive those of others out of the connection's cache.
        let rows: Vec<(Uuid, Vec<u8>)> = sql.build_query_as().persistent(false).fetch_all(pool).await?;
        facts.extend(readable(rows, |(id, text)| {
            let read =
                serde_json::from_slice(&text).map_err(|error| UnreadableRow::of("bookings", id, error))?;
            Ok((BookingId::from_uuid(id), read))
        }));
    }
    Ok(facts)
}
