//! What `migrate` prepares: the schema, and the topic it reads, in case it comes before booking-service's.

use events::{
    kafka::Kafka,
    topics::{self, TopicSpec},
};
use platform::{mysql, start::StartError};

use crate::settings::Settings;

/// Partitions of `booking.events` (details.md, Events); can never change.
const PARTITIONS: u32 = 12;

/// Prepares everything; harmless when done before.
pub async fn run(settings: &Settings) -> Result<(), StartError> {
    let pool =
        mysql::connect(&settings.mysql).map_err(|error| StartError::failed("reading mysql.url", error))?;
    migrations::run(&pool, migrations::notification())
        .await
        .map_err(|error| StartError::failed("migrating the notification database", error))?;
    let topic = &settings.consumer.topic;
    let wanted = [TopicSpec::new(topic, PARTITIONS), TopicSpec::dead_letters_of(topic)];
    topics::ensure(&Kafka::new(settings.kafka.clone()), &wanted)
        .await
        .map_err(|error| StartError::failed("creating the topics", error))
}
