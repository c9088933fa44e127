//! Topics and groups of one's own: 3 partitions, deleted when the test ends.

use std::time::{Duration, Instant};

use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, CommitMode, Consumer},
    message::{Header, Headers, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};

use crate::{
    stack, teardown,
    unique::{unique_uuid, unique_word},
    wait::eventually,
};

/// Enough to see partitions side by side.
const PARTITIONS: i32 = 3;

/// How long the broker may take for one answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// All topics and groups that begin with `prefix` are this test's; the topics are deleted when it ends.
#[derive(Debug)]
pub struct Lease {
    /// The brokers.
    pub brokers: String,
    /// Begins every topic and group of this test, such as `t3f2a9c81d04.`.
    pub prefix: String,
}

/// A record as it was read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: String,
    /// Its payload; none is a tombstone.
    pub payload: Option<Vec<u8>>,
    /// Its headers by name.
    pub headers: Vec<(String, String)>,
}

impl Read {
    /// The payload as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(self.payload.as_deref().expect("not a tombstone")).expect("a JSON payload")
    }
}

/// A fresh prefix.
pub fn lease() -> Lease {
    Lease { brokers: stack::kafka_brokers(), prefix: format!("{}.", unique_word()) }
}

fn config(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    config
}

fn admin(brokers: &str) -> AdminClient<DefaultClientContext> {
    config(brokers).create().expect("an admin client")
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE))
}

impl Lease {
    /// A topic's or group's name under the prefix.
    pub fn name(&self, plain: &str) -> String {
        format!("{}{plain}", self.prefix)
    }

    /// Makes a topic with 3 partitions and gives its whole name.
    pub async fn topic(&self, plain: &str) -> String {
        self.make(plain, &[]).await
    }

    /// Makes a compacted topic with 3 partitions and gives its whole name.
    pub async fn compacted_topic(&self, plain: &str) -> String {
        self.make(plain, &[("cleanup.policy", "compact")]).await
    }

    async fn make(&self, plain: &str, properties: &[(&str, &str)]) -> String {
        let name = self.name(plain);
        let mut topic = NewTopic::new(&name, PARTITIONS, TopicReplication::Fixed(1));
        for (key, value) in properties {
            topic = topic.set(key, value);
        }
        let made = admin(&self.brokers).create_topics([&topic], &options()).await;
        let made = made.expect("no Kafka (cargo xtask stack up --instance test)");
        assert!(made.iter().all(Result::is_ok), "the topic {name} was not made: {made:?}");
        name
    }

    /// Writes one record and waits until it is acknowledged.
    pub async fn write(&self, topic: &str, key: &str, payload: Option<&[u8]>, headers: &[(&str, &str)]) {
        let producer: FutureProducer = config(&self.brokers).set("acks", "all").create().expect("a producer");
        let headers = headers
            .iter()
            .fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value: Some(*value) }));
        let mut record = FutureRecord::<str, [u8]>::to(topic).key(key).headers(headers);
        if let Some(payload) = payload {
            record = record.payload(payload);
        }
        if let Err((error, _)) = producer.send(record, PATIENCE).await {
            panic!("{topic} took no record: {error}");
        }
    }

    /// Writes an event of a type that only a newer writer knows: readers pass it by, and no dead letter is made of it.
    pub async fn write_of_a_newer_writer(&self, topic: &str, key: &str) {
        let event = serde_json::json!({
            "specversion": "1.0", "id": unique_uuid(), "source": "/vacancy/test",
            "type": "vacancy.unheard.of.v9", "subject": key, "time": "2026-11-21T19:23:00.000000Z",
            "datacontenttype": "application/json", "data": { "unheard": ["of"] },
        });
        self.write(topic, key, Some(event.to_string().as_bytes()), &[]).await;
    }

    /// Every committed record of a topic from its beginning to its end now; partition by partition, in order.
    pub async fn read_all(&self, topic: &str) -> Vec<Read> {
        let (brokers, topic) = (self.brokers.clone(), topic.to_owned());
        tokio::task::spawn_blocking(move || read_all(&brokers, &topic)).await.expect("the reader ends")
    }

    /// Commits the topic's end for a group, as one that has read everything does.
    pub async fn catch_up(&self, group: &str, topic: &str) {
        let (brokers, group, topic) = (self.brokers.clone(), group.to_owned(), topic.to_owned());
        let caught_up = move || {
            let consumer = reader(&brokers, &group);
            let mut ends = TopicPartitionList::new();
            for partition in 0..PARTITIONS {
                let (_, end) = consumer.fetch_watermarks(&topic, partition, PATIENCE).expect("watermarks");
                ends.add_partition_offset(&topic, partition, Offset::Offset(end)).expect("an offset");
            }
            consumer.commit(&ends, CommitMode::Sync).expect("offsets are committed");
        };
        tokio::task::spawn_blocking(caught_up).await.expect("the reader ends");
    }

    /// Waits until the topic has at least `count` records and gives all it has.
    pub async fn wait_for(&self, topic: &str, count: usize, deadline: Duration) -> Vec<Read> {
        eventually(deadline, || async move {
            let records = self.read_all(topic).await;
            (records.len() >= count).then_some(records)
        })
        .await
    }
}

fn reader(brokers: &str, group: &str) -> BaseConsumer {
    let mut config = config(brokers);
    config.set("group.id", group).set("enable.auto.commit", "false");
    config.set("isolation.level", "read_committed").set("enable.partition.eof", "true");
    config.create().expect("a consumer")
}

fn read_all(brokers: &str, topic: &str) -> Vec<Read> {
    let consumer = reader(brokers, &unique_word());
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).expect("the broker answers");
    let partitions: Vec<i32> = metadata
        .topics()
        .iter()
        .flat_map(|topic| topic.partitions().iter().map(rdkafka::metadata::MetadataPartition::id))
        .collect();
    let mut from = TopicPartitionList::new();
    for partition in &partitions {
        from.add_partition_offset(topic, *partition, Offset::Beginning).expect("an offset");
    }
    consumer.assign(&from).expect("partitions are assigned");
    let mut records = poll_to_end(&consumer, partitions.len());
    records.sort_by_key(|record| (record.partition, record.offset));
    records
}

/// Reads until each partition has told its end.
fn poll_to_end(consumer: &BaseConsumer, partitions: usize) -> Vec<Read> {
    let begun = Instant::now();
    let mut records = Vec::new();
    let mut ended = std::collections::BTreeSet::new();
    while ended.len() < partitions {
        assert!(begun.elapsed() < PATIENCE, "the topic was not read to its end in {PATIENCE:?}");
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => records.push(read(&message)),
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(partition))) => {
                ended.insert(partition);
            }
            Some(Err(error)) => panic!("the topic cannot be read: {error}"),
            None => {}
        }
    }
    records
}

fn read(message: &rdkafka::message::BorrowedMessage<'_>) -> Read {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = message.headers().map(|headers| {
        headers.iter().map(|one| (one.key.to_owned(), text(one.value.unwrap_or_default()))).collect()
    });
    Read {
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().map(text).unwrap_or_default(),
        payload: message.payload().map(<[u8]>::to_vec),
        headers: headers.unwrap_or_default(),
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (brokers, prefix) = (self.brokers.clone(), self.prefix.clone());
        teardown::run(async move { delete(&brokers, &prefix).await });
    }
}

/// Deletes every topic of the prefix, also those that a service under test made.
async fn delete(brokers: &str, prefix: &str) {
    let admin = admin(brokers);
    let Ok(metadata) = admin.inner().fetch_metadata(None, PATIENCE) else { return };
    let names: Vec<&str> = metadata
        .topics()
        .iter()
        .map(rdkafka::metadata::MetadataTopic::name)
        .filter(|name| name.starts_with(prefix))
        .collect();
    if names.is_empty() {
        return;
    }
    if let Err(error) = admin.delete_topics(&names, &options()).await {
        tracing::warn!(%error, "the topics of a test were not deleted");
    }
}
