//! The archive: the copies of bookings that are gone from MySQL.

use chrono::DateTime;
use e2e::{failed::Failed, world::World};
use futures::{StreamExt as _, TryStreamExt as _};
use scylla::client::session_builder::SessionBuilder;
use serde_json::Value;
use uuid::Uuid;

use super::{Booking, Place, Snapshot};

/// Reads under way at once.
const SIDE_BY_SIDE: usize = 16;
const COPY: &str = "select status, record from vacancy.bookings_by_id where booking_id = ?";

type Found = (String, String);

/// Completes what is gone from MySQL by its copy.
pub(super) async fn read(world: &World, snapshot: &mut Snapshot) -> Result<(), Failed> {
    let failed = |error: &dyn std::fmt::Display| Failed::new(format!("Cassandra: {error}"));
    let purged: Vec<Uuid> =
        snapshot.bookings.iter().filter(|(_, one)| one.place != Place::Active).map(|(id, _)| *id).collect();
    if purged.is_empty() {
        return Ok(());
    }
    let nodes: Vec<&str> = world.server("cassandra_nodes")?.split(',').collect();
    let session = SessionBuilder::new().known_nodes(nodes).build().await.map_err(|error| failed(&error))?;
    let query = session.prepare(COPY).await.map_err(|error| failed(&error))?;
    let look = |id: Uuid| {
        let (session, query) = (&session, &query);
        async move {
            let answer = session.execute_unpaged(query, (id,)).await.map_err(|error| failed(&error))?;
            let rows = answer.into_rows_result().map_err(|error| failed(&error))?;
            rows.maybe_first_row::<Found>().map(|copy| (id, copy)).map_err(|error| failed(&error))
        }
    };
    let copies: Vec<(Uuid, Option<Found>)> =
        futures::stream::iter(purged).map(look).buffer_unordered(SIDE_BY_SIDE).try_collect().await?;
    for (id, copy) in copies {
        if let (Some(booking), Some(copy)) = (snapshot.bookings.get_mut(&id), copy) {
            complete(booking, &copy)?;
        }
    }
    Ok(())
}

fn complete(booking: &mut Booking, (status, record): &Found) -> Result<(), Failed> {
    let record: Value = serde_json::from_str(record)?;
    let at = record.get("hold_expires_at").and_then(Value::as_str).unwrap_or_default();
    let at = DateTime::parse_from_rfc3339(at).map_err(|error| Failed::new(format!("{at}: {error}")))?;
    booking.hold_expires_at = at.timestamp_micros();
    booking.penalty = record.pointer("/penalty/amount").and_then(Value::as_i64).unwrap_or(0);
    if *status == booking.status {
        booking.place = Place::Archived;
    }
    Ok(())
}
