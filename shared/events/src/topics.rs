//! Topics as `migrate` makes them: none is ever created by being written to.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    error::{KafkaError, RDKafkaErrorCode},
};

use crate::{
    event_log::LogUnavailable,
    kafka::{Kafka, KafkaContext, blocking, unavailable},
};

type Admin = AdminClient<KafkaContext>;

/// What follows the name of a topic in the name of its dead letters.
pub const DLQ_SUFFIX: &str = ".dlq";
/// Partitions of a topic for dead letters: few come, and an operator reads them.
const DLQ_PARTITIONS: u32 = 3;
/// Dead letters are kept for 30 days: an operator must have had the time to look.
const DLQ_RETENTION_MS: &str = "2592000000";

/// A topic as it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSpec {
    name: String,
    partitions: u32,
    configs: Vec<(String, String)>,
}

impl TopicSpec {
    /// A topic with so many partitions, kept as long as the broker keeps topics. The count can never change: keys would move.
    pub fn new(name: impl Into<String>, partitions: u32) -> Self {
        Self { name: name.into(), partitions, configs: Vec::new() }
    }

    /// Keeps the last record of each key for ever; tombstones go after a day.
    #[must_use]
    pub fn compacted(self) -> Self {
        self.config("cleanup.policy", "compact").config("delete.retention.ms", "86400000")
    }

    /// Sets a property of the topic.
    #[must_use]
    pub fn config(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.configs.push((name.into(), value.into()));
        self
    }

    /// The topic that takes what readers of `topic` refuse.
    pub fn dead_letters_of(topic: &str) -> Self {
        Self::new(format!("{topic}{DLQ_SUFFIX}"), DLQ_PARTITIONS).config("retention.ms", DLQ_RETENTION_MS)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn wanted(&self) -> NewTopic<'_> {
        let partitions = i32::try_from(self.partitions).unwrap_or(i32::MAX);
        // -1: as many replicas as the cluster gives a topic by itself.
        let topic = NewTopic::new(&self.name, partitions, TopicReplication::Fixed(-1));
        self.configs.iter().fold(topic, |topic, (name, value)| topic.set(name, value))
    }
}

/// Creates the topics that are missing, and waits until the brokers know them. Existing ones are left as they are.
pub async fn ensure(kafka: &Kafka, topics: &[TopicSpec]) -> Result<(), LogUnavailable> {
    let admin = Arc::new(kafka.admin().map_err(unavailable)?);
    let timeout = Some(kafka.request_timeout());
    let options = AdminOptions::new().operation_timeout(timeout).request_timeout(timeout);
    let wanted: Vec<_> = topics.iter().map(TopicSpec::wanted).collect();
    for created in admin.create_topics(&wanted, &options).await.map_err(unavailable)? {
        match created {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((_, code)) => return Err(unavailable(KafkaError::AdminOp(code))),
        }
    }
    for topic in topics {
        until_known(kafka, &admin, &topic.name).await?;
    }
    Ok(())
}

/// How often the brokers are asked whether they know a new topic: they learn of it a moment after the controller.
const ASK_EVERY: Duration = Duration::from_millis(50);

async fn until_known(kafka: &Kafka, admin: &Arc<Admin>, name: &str) -> Result<(), LogUnavailable> {
    let deadline = Instant::now() + kafka.request_timeout();
    loop {
        let (admin, topic, timeout) = (Arc::clone(admin), name.to_owned(), kafka.request_timeout());
        let known = blocking(move || is_known(&admin, &topic, timeout)).await.map_err(LogUnavailable)?;
        match known {
            Ok(true) => return Ok(()),
            Ok(false) | Err(_) if Instant::now() < deadline => tokio::time::sleep(ASK_EVERY).await,
            Ok(false) => {
                return Err(unavailable(KafkaError::MetadataFetch(
                    RDKafkaErrorCode::UnknownTopicOrPartition,
                )));
            }
            Err(error) => return Err(unavailable(error)),
        }
    }
}

/// Whether each partition of the topic has a leader. Blocks.
fn is_known(admin: &Admin, topic: &str, timeout: Duration) -> Result<bool, KafkaError> {
    let metadata = admin.inner().fetch_metadata(Some(topic), timeout)?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    Ok(found.is_some_and(|topic| {
        !topic.partitions().is_empty() && topic.partitions().iter().all(|partition| partition.leader() >= 0)
    }))
}

/// Deletes topics, for tests that made their own. One that is not there is no failure.
pub async fn delete(kafka: &Kafka, names: &[&str]) -> Result<(), LogUnavailable> {
    let admin = kafka.admin().map_err(unavailable)?;
    admin.delete_topics(names, &AdminOptions::new()).await.map_err(unavailable)?;
    Ok(())
}
