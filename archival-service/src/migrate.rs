//! What `migrate` prepares: the archive's keyspace and tables. The database and the topics are booking-service's.

use migrations::{ARCHIVE, archive_keyspace};
use platform::start::StartError;
use records::archive::cassandra;

use crate::settings::Settings;

/// Prepares everything; harmless when done before.
pub async fn run(settings: &Settings) -> Result<(), StartError> {
    let keyspace = archive_keyspace(&settings.cassandra.keyspace, settings.keyspace.replicas);
    let tables: Vec<&str> = ARCHIVE.iter().map(|statement| statement.cql).collect();
    cassandra::migrate(&settings.cassandra, &keyspace, &tables)
        .await
        .map_err(|error| StartError::failed("making the archive's tables", error))
}
