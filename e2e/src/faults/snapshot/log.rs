//! What Kafka tells of bookings since a run began.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use e2e::{failed::Failed, world::World};
use rdkafka::{
    ClientConfig,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::Message as _,
    metadata::MetadataPartition,
    topic_partition_list::{Offset, TopicPartitionList},
};
use serde::Deserialize;
use uuid::Uuid;

use super::Event;

const TOPIC: &str = "booking.events";
/// Longer than a broker of ours takes for anything.
const PATIENCE: Duration = Duration::from_mins(1);

/// By partition, where the next record will stand.
pub(crate) type Offsets = BTreeMap<i32, i64>;

/// As much of an event as is checked.
#[derive(Deserialize)]
struct Envelope {
    id: Uuid,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    booking: Told,
}

#[derive(Deserialize)]
struct Told {
    booking_id: Uuid,
    version: i64,
    status: String,
}

fn failed(error: &KafkaError) -> Failed {
    Failed::new(format!("Kafka: {error}"))
}

/// What was committed only: the relay publishes in transactions.
fn consumer(brokers: &str) -> Result<BaseConsumer, KafkaError> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "e2e-faults").set("enable.auto.commit", "false");
    config.set("isolation.level", "read_committed").set("enable.partition.eof", "true").create()
}

async fn aside<T: Send + 'static>(
    world: &World,
    ask: impl FnOnce(&str) -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, Failed> {
    let brokers = world.server("kafka_brokers")?.to_owned();
    let asked = tokio::task::spawn_blocking(move || ask(&brokers)).await;
    asked.map_err(|error| Failed::new(error.to_string()))?.map_err(|error| failed(&error))
}

/// Where the topic ends now.
pub(crate) async fn ends(world: &World) -> Result<Offsets, Failed> {
    aside(world, |brokers| {
        let consumer = consumer(brokers)?;
        let metadata = consumer.fetch_metadata(Some(TOPIC), PATIENCE)?;
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions().iter());
        let end = |id| Ok((id, consumer.fetch_watermarks(TOPIC, id, PATIENCE)?.1));
        partitions.map(MetadataPartition::id).map(end).collect()
    })
    .await
}

/// Every record from there on.
pub(super) async fn read(world: &World, since: &Offsets) -> Result<Vec<Event>, Failed> {
    let since = since.clone();
    let payloads = aside(world, move |brokers| payloads(brokers, &since)).await?;
    let event = |payload: Vec<u8>| {
        let Envelope { id, data: Data { booking } } = serde_json::from_slice(&payload)?;
        let Told { booking_id, version, status } = booking;
        Ok(Event { id, booking_id, version, status })
    };
    payloads.into_iter().map(event).collect()
}

fn payloads(brokers: &str, since: &Offsets) -> Result<Vec<Vec<u8>>, KafkaError> {
    let consumer = consumer(brokers)?;
    let mut list = TopicPartitionList::new();
    for (partition, offset) in since {
        list.add_partition_offset(TOPIC, *partition, Offset::Offset(*offset))?;
    }
    consumer.assign(&list)?;
    let mut open: BTreeSet<i32> = since.keys().copied().collect();
    let (mut found, end) = (Vec::new(), Instant::now() + PATIENCE);
    while !open.is_empty() {
        match consumer.poll(end.saturating_duration_since(Instant::now())) {
            Some(Ok(message)) => found.extend(message.payload().map(<[u8]>::to_vec)),
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(open.remove(&partition)),
            Some(Err(_)) => {}
            None => return Err(KafkaError::NoMessageReceived),
        }
    }
    Ok(found)
}
