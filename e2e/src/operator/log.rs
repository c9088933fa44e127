//! The event log from outside: the last record of a key, and a record written as a consumer group writes its letters
//! (docs/EVENTS.md).

use std::time::{Duration, Instant};

use e2e::{failed::Failed, world::World};
use rdkafka::{
    ClientConfig,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::{BorrowedMessage, Header, Headers as _, Message as _, OwnedHeaders},
    metadata::MetadataPartition,
    producer::{FutureProducer, FutureRecord},
    topic_partition_list::{Offset, TopicPartitionList},
};

/// Longer than a broker of ours takes for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// A record, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) key: String,
    pub(super) payload: Vec<u8>,
    pub(super) headers: Vec<(String, String)>,
}

/// The last record of that key in a topic.
pub(super) async fn last(world: &World, topic: &str, key: &str) -> Result<Record, Failed> {
    let (brokers, topic, key) = (world.server("kafka_brokers")?.to_owned(), topic.to_owned(), key.to_owned());
    let read = tokio::task::spawn_blocking(move || {
        let found = read_to_end(&brokers, &topic, &key).map_err(|error| failed(&error))?;
        found.ok_or_else(|| Failed::new(format!("{topic} has no record of {key}")))
    });
    read.await.map_err(|error| Failed::new(error.to_string()))?
}

fn read_to_end(brokers: &str, topic: &str, key: &str) -> Result<Option<Record>, KafkaError> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "e2e").set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.set("enable.partition.eof", "true").create()?;
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE)?;
    let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions().iter());
    let mut list = TopicPartitionList::new();
    for id in partitions.map(MetadataPartition::id) {
        list.add_partition_offset(topic, id, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    let (mut open, mut found, end) = (list.count(), None, Instant::now() + PATIENCE);
    while open > 0 {
        match consumer.poll(end.saturating_duration_since(Instant::now())) {
            Some(Ok(message)) if message.key() == Some(key.as_bytes()) => found = Some(record(&message)),
            Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Ok(_) | Err(_)) => {}
            None => return Err(KafkaError::NoMessageReceived),
        }
    }
    Ok(found)
}

fn record(message: &BorrowedMessage<'_>) -> Record {
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    Record {
        topic: message.topic().to_owned(),
        partition: message.partition(),
        offset: message.offset(),
        key: text(message.key()),
        payload: message.payload().unwrap_or_default().to_vec(),
        headers: headers.map(|header| (header.key.to_owned(), text(header.value))).collect(),
    }
}

/// Writes what a group writes when it refuses this record.
pub(super) async fn refuse(world: &World, record: &Record, group: &str, reason: &str) -> Result<(), Failed> {
    let (partition, offset) = (record.partition.to_string(), record.offset.to_string());
    let told = [
        ("dlq-group", group),
        ("dlq-topic", &record.topic),
        ("dlq-partition", &partition),
        ("dlq-offset", &offset),
        ("dlq-reason", reason),
    ];
    let own = record.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let headers = own.chain(told).fold(OwnedHeaders::new(), |headers, (key, value)| {
        headers.insert(Header { key, value: Some(value) })
    });
    let mut config = ClientConfig::new();
    let producer: FutureProducer = config
        .set("bootstrap.servers", world.server("kafka_brokers")?)
        .create()
        .map_err(|error| failed(&error))?;
    let topic = format!("{}.dlq", record.topic);
    let letter = FutureRecord::to(&topic).key(&record.key).payload(&record.payload).headers(headers);
    producer.send(letter, PATIENCE).await.map(drop).map_err(|(error, _)| failed(&error))
}

fn failed(error: &KafkaError) -> Failed {
    Failed::new(format!("Kafka: {error}"))
}
