//! What `migrate` prepares: the schema with the facilities in it, and the topics.

use events::{
    kafka::Kafka,
    topics::{self, TopicSpec},
};
use platform::start::StartError;

use crate::{
    adapters,
    settings::{EventSettings, Settings},
};

/// Brings the database and the topics up to date. Harmless when done before.
pub async fn run(settings: &Settings) -> Result<(), StartError> {
    let pool = adapters::pool(settings)?;
    let migrated = migrations::run(&pool, migrations::hotel()).await;
    pool.close().await;
    migrated.map_err(|error| StartError::failed("migrating the hotel database", error))?;
    let kafka = Kafka::new(settings.kafka.clone());
    let created = topics::ensure(&kafka, &specs(&settings.events)).await;
    created.map_err(|error| StartError::failed("creating the topics", error))
}

/// Compacted: the topic is the one source from which search is rebuilt (domain.md, Events).
fn specs(events: &EventSettings) -> [TopicSpec; 2] {
    [TopicSpec::new(&events.topic, events.partitions).compacted(), TopicSpec::dead_letters_of(&events.topic)]
}
