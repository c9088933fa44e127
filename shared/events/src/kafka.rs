//! Kafka as the event log. Everything of librdkafka that blocks runs on threads made for it.

mod backlog;
mod context;
mod peek;
mod publisher;
mod subscription;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use platform::{
    causes::BoxError,
    settings::{Secret, SettingProblems, Value, section},
};
use rdkafka::{
    ClientConfig,
    admin::AdminClient,
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};
use serde::Deserialize;

use crate::event_log::{
    EventLog, LanePublisher, LogUnavailable, NewRecord, PublishError, Subscribe, Subscription,
};

pub use backlog::Backlog;
pub(crate) use context::KafkaContext;
pub(crate) use peek::{Batch, commit_next, read_to_end};
pub use peek::{PartitionLag, fold_since, has_read_since, lag};

/// Where as much is fetched ahead as may be, it is looked again so soon whether there is room. librdkafka's own second made
/// whoever was behind stand still for most of it (decision 0025).
const FULL_QUEUE_MS: &str = "10";

/// How members of a consumer group share partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupProtocol {
    /// The protocol every broker speaks, with cooperative-sticky assignment.
    Classic,
    /// KIP-848, for brokers from 4.0 on: quicker, decided by the broker.
    Consumer,
}

/// How to reach Kafka; each key is explained where its default stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaSettings {
    /// `host:port`, several separated by commas.
    pub brokers: String,
    /// How members of a group share partitions.
    pub group_protocol: GroupProtocol,
    /// One request to the brokers lasts at most so long, in milliseconds: metadata, offsets, topics.
    pub request_timeout_ms: u64,
    /// A relay's transaction lasts at most so long, in milliseconds; readers wait for it meanwhile.
    pub transaction_timeout_ms: u64,
    /// A member that says nothing for so long loses its partitions, in milliseconds (classic protocol).
    pub session_timeout_ms: u64,
    /// A revoked partition is given away after this even when its record is still being handled, in milliseconds.
    pub revoke_wait_ms: u64,
    /// Handled offsets are committed this often, in milliseconds: so much is handled again after a crash.
    pub commit_every_ms: u64,
    /// Kilobytes fetched ahead, and the rest of a fetch.
    pub fetch_ahead_kb: u32,
    /// Further properties of librdkafka, as for authentication; they win over everything above.
    pub properties: BTreeMap<String, Secret>,
}

impl KafkaSettings {
    /// The kit's section `kafka` with brokers: for tools and tests.
    pub fn at(brokers: impl Into<String>) -> Result<Self, SettingProblems> {
        section("kafka", [("brokers", Value::String(brokers.into()))])
    }
}

/// A handle on Kafka. Cheap to clone; connects when it is used.
#[derive(Clone)]
pub struct Kafka {
    settings: Arc<KafkaSettings>,
    /// The producer of single records; given up after a failure, since librdkafka may never find its brokers again.
    appender: Arc<Mutex<Option<FutureProducer<KafkaContext>>>>,
}

impl Kafka {
    /// A handle that has not connected: it never fails and never waits.
    pub fn new(settings: KafkaSettings) -> Self {
        Self { settings: Arc::new(settings), appender: Arc::default() }
    }

    /// What it was made with.
    pub fn settings(&self) -> &KafkaSettings {
        &self.settings
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.settings.request_timeout_ms)
    }

    pub(crate) fn admin(&self) -> Result<AdminClient<KafkaContext>, KafkaError> {
        self.finish_config(ClientConfig::new()).create_with_context(KafkaContext)
    }

    fn transaction_timeout(&self) -> Duration {
        Duration::from_millis(self.settings.transaction_timeout_ms)
    }

    fn finish_config(&self, mut config: ClientConfig) -> ClientConfig {
        config.set("bootstrap.servers", &self.settings.brokers);
        config.set("reconnect.backoff.ms", "100").set("reconnect.backoff.max.ms", "2000");
        for (name, value) in &self.settings.properties {
            config.set(name, value.expose());
        }
        config
    }

    fn publisher_config(&self, name: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("transactional.id", name)
            .set("transaction.timeout.ms", self.settings.transaction_timeout_ms.to_string())
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("linger.ms", "1")
            .set("compression.type", "lz4")
            // Each lane has one, with one batch: keep them small.
            .set("queue.buffering.max.messages", "20000")
            .set("queue.buffering.max.kbytes", "65536");
        self.finish_config(config)
    }

    fn appender(&self) -> Result<FutureProducer<KafkaContext>, KafkaError> {
        let mut kept = self.appender.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(producer) = &*kept {
            return Ok(producer.clone());
        }
        let mut config = ClientConfig::new();
        config
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random")
            .set("message.timeout.ms", self.settings.request_timeout_ms.to_string());
        let producer: FutureProducer<KafkaContext> =
            self.finish_config(config).create_with_context(KafkaContext)?;
        Ok(kept.insert(producer).clone())
    }

    /// The next record gets a producer of its own. Dropping one flushes and joins its threads, so not here.
    fn give_up_appender(&self) {
        let given_up = self.appender.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(tokio::task::spawn_blocking(move || drop(given_up)));
    }

    fn reader_config(&self, group: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("group.id", group)
            .set("isolation.level", "read_committed")
            .set("auto.offset.reset", "earliest")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "true")
            .set("fetch.wait.max.ms", "100")
            .set("queued.max.messages.kbytes", self.settings.fetch_ahead_kb.to_string())
            .set("fetch.queue.backoff.ms", FULL_QUEUE_MS);
        self.finish_config(config)
    }

    fn member_config(&self, group: &str) -> ClientConfig {
        let mut config = self.reader_config(group);
        config
            .set("statistics.interval.ms", subscription::STATISTICS_MS.to_string())
            // The broker answers as soon as there is a record. Until then it is asked again this often, by every member.
            .set("fetch.wait.max.ms", "1000");
        match self.settings.group_protocol {
            GroupProtocol::Classic => config
                .set("partition.assignment.strategy", "cooperative-sticky")
                .set("session.timeout.ms", self.settings.session_timeout_ms.to_string())
                .set("heartbeat.interval.ms", (self.settings.session_timeout_ms / 4).to_string()),
            GroupProtocol::Consumer => config.set("group.protocol", "consumer"),
        };
        for (name, value) in &self.settings.properties {
            config.set(name, value.expose());
        }
        config
    }
}

#[async_trait]
impl EventLog for Kafka {
    async fn open_publisher(&self, name: &str) -> Result<Box<dyn LanePublisher>, PublishError> {
        let config = self.publisher_config(name);
        let (transaction, request) = (self.transaction_timeout(), self.request_timeout());
        let opened = blocking(move || publisher::open(&config, transaction, request)).await;
        Ok(Box::new(opened.map_err(PublishError::Unavailable)??))
    }

    async fn append(&self, record: NewRecord) -> Result<(), LogUnavailable> {
        let producer = self.appender().map_err(unavailable)?;
        let headers = owned_headers(&record.headers);
        let mut message = FutureRecord::<str, [u8]>::to(&record.topic).key(&record.key).headers(headers);
        if let Some(payload) = &record.payload {
            message = message.payload(payload);
        }
        let sent = producer.send(message, self.request_timeout()).await;
        sent.map(|_| ()).map_err(|(error, _)| {
            self.give_up_appender();
            unavailable(error)
        })
    }

    async fn subscribe(&self, subscribe: Subscribe) -> Result<Subscription, LogUnavailable> {
        let kafka = self.clone();
        blocking(move || subscription::start(&kafka, &subscribe))
            .await
            .map_err(LogUnavailable)?
            .map_err(unavailable)
    }
}

/// Runs what blocks where blocking is allowed. Fails only when it panicked.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, BoxError> {
    tokio::task::spawn_blocking(work).await.map_err(BoxError::from)
}

pub(crate) fn unavailable(error: KafkaError) -> LogUnavailable {
    LogUnavailable(Box::new(error))
}

fn owned_headers(headers: &BTreeMap<String, String>) -> OwnedHeaders {
    headers.iter().fold(OwnedHeaders::new_with_capacity(headers.len()), |all, (key, value)| {
        all.insert(Header { key, value: Some(value.as_str()) })
    })
}

/// How many partitions a topic has; a topic that is not there is an error.
fn partition_count<C: rdkafka::ClientContext>(
    client: &rdkafka::client::Client<C>,
    topic: &str,
    timeout: Duration,
) -> Result<u32, KafkaError> {
    let metadata = client.fetch_metadata(Some(topic), timeout)?;
    let count = metadata
        .topics()
        .iter()
        .find(|found| found.name() == topic)
        .map_or(0, |found| found.partitions().len());
    if count == 0 {
        return Err(KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition));
    }
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}
