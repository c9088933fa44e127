//! The event log behind a prefix: several instances side by side on one Kafka, each with its own topics, groups and
//! publishers (settings, `events.prefix`).

use std::sync::Arc;

use async_trait::async_trait;
use events::event_log::{
    EventLog, LanePublisher, LogUnavailable, NewRecord, PublishError, Subscribe, Subscription,
};

/// Puts a prefix before every name.
pub(crate) struct PrefixedLog {
    /// The log itself.
    pub(crate) log: Arc<dyn EventLog>,
    /// Such as `t3f.`; empty in production.
    pub(crate) prefix: String,
}

struct PrefixedPublisher {
    publisher: Box<dyn LanePublisher>,
    prefix: String,
}

fn prefixed(prefix: &str, record: NewRecord) -> NewRecord {
    NewRecord { topic: format!("{prefix}{}", record.topic), ..record }
}

#[async_trait]
impl LanePublisher for PrefixedPublisher {
    async fn publish(&self, records: Vec<NewRecord>) -> Result<(), PublishError> {
        let records = records.into_iter().map(|record| prefixed(&self.prefix, record)).collect();
        self.publisher.publish(records).await
    }
}

#[async_trait]
impl EventLog for PrefixedLog {
    async fn open_publisher(&self, name: &str) -> Result<Box<dyn LanePublisher>, PublishError> {
        let publisher = self.log.open_publisher(&format!("{}{name}", self.prefix)).await?;
        Ok(Box::new(PrefixedPublisher { publisher, prefix: self.prefix.clone() }))
    }

    /// What a reader refused names the topic it was read from, prefix and all.
    async fn append(&self, record: NewRecord) -> Result<(), LogUnavailable> {
        self.log.append(record).await
    }

    async fn subscribe(&self, subscribe: Subscribe) -> Result<Subscription, LogUnavailable> {
        let Subscribe { group, topic } = subscribe;
        let group = format!("{}{group}", self.prefix);
        self.log.subscribe(Subscribe { group, topic: format!("{}{topic}", self.prefix) }).await
    }
}
