//! The event log as the kit sees it: ordered records in partitions. `kafka` is the adapter for servers.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use platform::causes::BoxError;
use tokio::sync::mpsc::Receiver;

/// Header that carries the W3C trace context.
pub const TRACEPARENT: &str = "traceparent";
/// Header that carries the version of what the record tells about.
pub const VERSION: &str = "version";

/// A record on its way into the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// The topic it goes to.
    pub topic: String,
    /// Its key: compaction and versions go by it.
    pub key: String,
    /// What chooses the partition: often the key of something larger, as the hotel of a room.
    pub partition_key: String,
    /// The value; none is a tombstone.
    pub payload: Option<Vec<u8>>,
    /// Headers by name, UTF-8.
    pub headers: BTreeMap<String, String>,
}

/// A record as read from the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it was read.
    pub topic: String,
    /// Its partition.
    pub partition: u32,
    /// Its offset in the partition.
    pub offset: u64,
    /// Its key; empty when it has none or one that is not UTF-8.
    pub key: String,
    /// The value; none is a tombstone.
    pub payload: Option<Vec<u8>>,
    /// Headers by name; those that are not UTF-8 are left out.
    pub headers: BTreeMap<String, String>,
}

impl Record {
    /// The W3C trace context of the work that wrote it.
    pub fn traceparent(&self) -> Option<&str> {
        self.headers.get(TRACEPARENT).map(String::as_str)
    }

    /// The version of what it tells about, when the relay wrote it.
    pub fn version(&self) -> Option<i64> {
        self.headers.get(VERSION)?.parse().ok()
    }
}

/// Why a batch is not known to be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A newer owner has fenced this publisher, or it is broken: open another, under a new lease.
    #[error("the publisher is fenced or broken")]
    Lost(#[source] BoxError),
    /// Nothing was published; the same publisher may try again.
    #[error("the event log did not take the records")]
    Unavailable(#[source] BoxError),
}

/// The event log does not answer.
#[derive(Debug, thiserror::Error)]
#[error("the event log does not answer")]
pub struct LogUnavailable(#[source] pub BoxError);

/// A publisher that is alone: opening the next one of the same name fences this one.
#[async_trait]
pub trait LanePublisher: Send + Sync {
    /// Publishes all records, in order per partition, or none of them as far as readers see.
    async fn publish(&self, records: Vec<NewRecord>) -> Result<(), PublishError>;
}

/// What a subscription tells, in order.
#[derive(Debug)]
pub enum LogEvent {
    /// These partitions are ours from now on.
    Assigned(Vec<u32>),
    /// A record of an assigned partition.
    Record(Record),
    /// Everything of the partition up to now has been told.
    End(u32),
    /// So many offsets of the partition lie between what is committed and its end.
    Lag(u32, u64),
    /// The partitions go to somebody else. Finish, store, then answer: the log waits for that, within bounds.
    Revoked(Vec<u32>, std::sync::mpsc::SyncSender<()>),
}

/// What a reader asks for.
#[derive(Debug, Clone)]
pub struct Subscribe {
    /// The consumer group, whose offsets are kept by the log.
    pub group: String,
    /// The topic.
    pub topic: String,
}

/// The reader's side of a subscription. Nothing here waits.
pub trait SubscriptionControl: Send + Sync {
    /// The record has been handled: its offset is committed soon, and before the partition is given away.
    fn handled(&self, record: &Record);
    /// Fetch no more of the partition for now.
    fn pause(&self, partition: u32);
    /// Fetch the partition again.
    fn resume(&self, partition: u32);
    /// Commit what was handled and leave the group; the events end.
    fn close(&self);
}

/// A running subscription to one topic.
pub struct Subscription {
    /// What it tells; ends when it is closed or broken.
    pub events: Receiver<LogEvent>,
    /// How to steer it.
    pub control: Arc<dyn SubscriptionControl>,
    /// How many partitions the topic has.
    pub partitions: u32,
}

/// The event log.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Opens the one publisher named `name` and fences all earlier ones.
    async fn open_publisher(&self, name: &str) -> Result<Box<dyn LanePublisher>, PublishError>;
    /// Publishes one record outside any outbox, acknowledged by all replicas: only for what a reader refused.
    async fn append(&self, record: NewRecord) -> Result<(), LogUnavailable>;
    /// Starts to read a topic in a group, from its committed offsets or the beginning; committed transactions only.
    async fn subscribe(&self, subscribe: Subscribe) -> Result<Subscription, LogUnavailable>;
}
