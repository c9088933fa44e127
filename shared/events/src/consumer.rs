//! The consumer: handles what waits in a partition as one batch, then commits; in order per partition, partitions side by side.
//! Decisions are made by [`delivery::Partition`] and [`delivery::RejectBrake`].

mod attempt;
mod brakes;
pub mod letter;
mod read;
mod run;
mod state;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use delivery::{Backoff, PartitionLimits};
use platform::{
    causes::BoxError,
    job::Job,
    settings::{SettingProblems, Value, section},
};
use serde::Deserialize;

use crate::event_log::EventLog;

pub use crate::event_log::Record;
pub use read::{read_event, read_events, verdicts};
pub use state::ConsumerState;

/// What a handler says about a record.
#[derive(Debug)]
pub enum Verdict {
    /// The effect is there, or the record has none here.
    Done,
    /// Not now: the partition waits and the same record comes again, and with it all behind it in the batch, whatever was said
    /// of them. Never skipped.
    Retry(BoxError),
    /// Never: the record goes to the dead-letter topic and the partition goes on.
    Reject(Refused),
}

/// Why a record can never be handled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refused {
    /// Whether record and reader are sound, and only what is stored for the record is damaged: it takes fifty times as many of
    /// these in a row to stop the consumer.
    pub stored_is_damaged: bool,
    /// For the operator who looks at the dead letters; at most 1,000 characters of it are kept.
    pub reason: String,
}

impl Verdict {
    /// `Done` for a record whose type only a newer writer knows: passed by, and counted, as nothing here depends on it.
    pub fn passed_by(record: &Record) -> Self {
        metrics::counter!("consumer_passed_by_total", "topic" => record.topic.clone()).increment(1);
        tracing::debug!(topic = record.topic, key = record.key, "an event of a newer writer is passed by");
        Self::Done
    }

    /// `Reject` with a reason.
    pub fn reject(reason: impl Into<String>) -> Self {
        Self::Reject(Refused { stored_is_damaged: false, reason: reason.into() })
    }

    /// `Reject` of a sound record, as what is stored for it cannot be read.
    pub fn damaged(reason: impl Into<String>) -> Self {
        Self::Reject(Refused { stored_is_damaged: true, reason: reason.into() })
    }

    /// `Retry` because of an error.
    pub fn retry(error: impl Into<BoxError>) -> Self {
        Self::Retry(error.into())
    }
}

/// The effect of records. Must be idempotent: a record may come again, also one that was handled, and also older than one that
/// was. Every record is handed over; whoever keeps state compares versions where the state is kept.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Handles records of one partition, in order, and gives one verdict for each, in the same order. A record that no verdict
    /// is given for comes again. The next records of the partition come only after these.
    async fn handle(&self, records: &[Record]) -> Vec<Verdict>;
}

/// How a consumer works; each key is explained where its default stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsumerSettings {
    /// The consumer group.
    pub group: String,
    /// The topic. What is refused goes to `<topic>.dlq`.
    pub topic: String,
    /// Batches handled side by side at most, over all partitions: bounds connections and memory.
    pub side_by_side: usize,
    /// Records of a partition that are handled together at most.
    pub batch: usize,
    /// Records of a partition that wait in memory before no more are read or, where it stands still, it is no longer fetched; those
    /// being handled included.
    pub queue: usize,
    /// The first wait before records are tried again, in milliseconds, doubled from then on.
    pub first_wait_ms: u64,
    /// No wait is longer than this, in milliseconds, so that a store that is back is noticed soon.
    pub most_wait_ms: u64,
    /// One call of the handler lasts at most so long, in milliseconds, then the batch is tried again, first as half of it. Below
    /// Kafka's `max.poll.interval.ms`.
    pub handle_timeout_ms: u64,
    /// After so many refusals in a row the consumer stops: then the reader is broken, not the records.
    pub rejects_in_a_row: u32,
}

impl ConsumerSettings {
    /// The kit's section `consumer` with a group and a topic: for tools and tests.
    pub fn of(group: impl Into<String>, topic: impl Into<String>) -> Result<Self, SettingProblems> {
        section("consumer", [("group", Value::String(group.into())), ("topic", Value::String(topic.into()))])
    }

    fn limits(&self) -> PartitionLimits {
        let backoff =
            Backoff::new(Duration::from_millis(self.first_wait_ms), Duration::from_millis(self.most_wait_ms));
        let (pause_at, resume_at) = (self.queue.max(1), self.queue / 2);
        PartitionLimits { pause_at, resume_at, batch: self.batch, backoff }
    }
}

/// One topic read by one group.
#[derive(Clone)]
pub struct Consumer {
    log: Arc<dyn EventLog>,
    settings: ConsumerSettings,
    handler: Arc<dyn Handler>,
    state: ConsumerState,
}

impl Consumer {
    /// A consumer that has not started.
    pub fn new(log: Arc<dyn EventLog>, settings: ConsumerSettings, handler: Arc<dyn Handler>) -> Self {
        Self { log, settings, handler, state: ConsumerState::default() }
    }

    /// What others may know of it: whether it has caught up, whether it stopped and what it feeds is stale.
    pub fn state(&self) -> ConsumerState {
        self.state.clone()
    }

    fn labels(&self) -> [(&'static str, String); 2] {
        [("group", self.settings.group.clone()), ("topic", self.settings.topic.clone())]
    }

    /// The job that reads until the shutdown. After too many refusals it stays stopped until the process starts again.
    pub fn job(&self) -> Job {
        let consumer = self.clone();
        let name = format!("consumer of {} in {}", self.settings.topic, self.settings.group);
        Job::new(name, move |shutdown| run::run(consumer.clone(), shutdown))
    }
}
