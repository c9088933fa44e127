//! The independent look into the archive: not through the product.

use scylla::client::session_builder::SessionBuilder;
use uuid::Uuid;

use crate::{failed::Failed, world::World};

/// Whether Cassandra holds that booking, and with which status.
pub async fn archived_status(world: &World, booking_id: &str) -> Result<Option<String>, Failed> {
    let id = Uuid::parse_str(booking_id).map_err(|error| Failed::new(error.to_string()))?;
    let failed = |error: &dyn std::fmt::Display| Failed::new(format!("Cassandra: {error}"));
    let nodes: Vec<&str> = world.server("cassandra_nodes")?.split(',').collect();
    let session = SessionBuilder::new().known_nodes(nodes).build().await.map_err(|error| failed(&error))?;
    let query = "select status from vacancy.bookings_by_id where booking_id = ?";
    let answer = session.query_unpaged(query, (id,)).await.map_err(|error| failed(&error))?;
    let rows = answer.into_rows_result().map_err(|error| failed(&error))?;
    let row = rows.maybe_first_row::<(String,)>().map_err(|error| failed(&error))?;
    Ok(row.map(|(status,)| status))
}
