//! The relay: publishes the outbox, lane by lane, in order, at least once. Decisions are made by [`delivery::Lane`].

mod copies;
mod lane;
mod resolve;

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use delivery::{Backoff, LANES, LaneLimits};
use platform::{
    causes::{BoxError, causes},
    job::Job,
    pace::Wake,
    shutdown::Shutdown,
};
use serde::Deserialize;
use sqlx::MySqlPool;
use tokio::task::JoinSet;
use tracing::warn;

use self::{copies::Copies, lane::LaneLoop};
use crate::{event_log::EventLog, outbox::rows};

/// How the relay works; each key is explained where its default stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelaySettings {
    /// A lane's lease on the database's clock, in milliseconds: how long a lane stands still after its process died. After a
    /// stop in order the others have its lanes at their next look.
    pub lease_ms: u64,
    /// Rows of one Kafka transaction at most: bounds memory and what is published twice after a crash.
    pub batch: usize,
    /// Without a wake-up it is looked this often, in milliseconds, in one statement, whether rows wait and who lives: rows of other
    /// processes wait no longer.
    pub poll_ms: u64,
    /// All of a lane is read this often, in milliseconds: ids are given before the commit, so a row may appear late below the mark.
    pub full_scan_ms: u64,
    /// The low-water mark trails by this, in milliseconds: longer than any writing transaction lives.
    pub settle_ms: u64,
    /// A wake-up is followed by a wait of this many milliseconds, so that one transaction carries many events.
    pub linger_ms: u64,
    /// A lane is read again no sooner than this many milliseconds after its last read, however often it is woken: under load
    /// each transaction carries more events, and the lanes do not keep the database and Kafka busy with single ones.
    pub pace_ms: u64,
    /// The first wait after a failure, in milliseconds, doubled from then on.
    pub first_wait_ms: u64,
    /// No wait after failures is longer than this, in milliseconds, so that a Kafka that is back is noticed soon.
    pub most_wait_ms: u64,
    /// Published rows are deleted after so many seconds: as long as an operator may want to look back.
    pub retention_s: u64,
    /// Rows deleted by one statement at most, so that deleting holds no locks for long.
    pub purge_chunk: u64,
}

impl RelaySettings {
    fn limits(&self) -> LaneLimits {
        let ms = Duration::from_millis;
        LaneLimits {
            lease: ms(self.lease_ms),
            batch: self.batch.max(1),
            // Who looks for all lanes wakes this one; its own reads only see to it that a lost wake-up is not for ever.
            poll: ms(self.lease_ms),
            ask: ms(self.poll_ms),
            full_scan: ms(self.full_scan_ms),
            settle: ms(self.settle_ms),
            backoff: Backoff::new(ms(self.first_wait_ms), ms(self.most_wait_ms)),
        }
    }
}

/// What a key is right now, to be published as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentRecord {
    /// The record's key.
    pub key: String,
    /// What chooses its partition.
    pub partition_key: String,
    /// The version of the state that was read.
    pub version: i64,
    /// The CloudEvent as JSON; none is a tombstone.
    pub payload: Option<Vec<u8>>,
}

/// Reads current state for events that carry none, because what they tell is known only after the commit.
#[async_trait]
pub trait CurrentState: Send + Sync {
    /// The current state of the keys, read from the primary after the call began. A key that is left out is not published.
    async fn read(&self, keys: &[String]) -> Result<Vec<CurrentRecord>, BoxError>;
}

/// The relay of one database. Any number of processes may run one; each lane is published by one of them at a time.
#[derive(Clone)]
pub struct Relay {
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) pool: MySqlPool,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) settings: RelaySettings,
    pub(crate) sources: Arc<HashMap<String, Arc<dyn CurrentState>>>,
    wake: Wake,
}

impl Relay {
    /// The relay of the service `name`, which with the lane's number makes the name of the fencing publisher.
    pub fn new(
        name: impl Into<String>,
        pool: MySqlPool,
        log: Arc<dyn EventLog>,
        settings: RelaySettings,
    ) -> Self {
        let name = name.into();
        Self {
            owner: format!("{name}/{:016x}", rand::random::<u64>()),
            name,
            pool,
            log,
            settings,
            sources: Arc::default(),
            wake: Wake::default(),
        }
    }

    /// Resolves payload-less events of the topic by reading current state.
    #[must_use]
    pub fn with_source(mut self, topic: impl Into<String>, source: Arc<dyn CurrentState>) -> Self {
        let mut sources = HashMap::clone(&self.sources);
        sources.insert(topic.into(), source);
        self.sources = Arc::new(sources);
        self
    }

    /// Wakes this relay; call it after each commit that wrote events.
    pub fn wake(&self) -> Wake {
        self.wake.clone()
    }

    /// The job that publishes.
    pub fn job(&self) -> Job {
        let relay = self.clone();
        Job::new(format!("relay of {}", self.name), move |shutdown| relay.clone().run(shutdown))
    }

    /// The job that deletes rows published long ago.
    pub fn purge_job(&self) -> Job {
        let relay = self.clone();
        Job::new(format!("outbox purge of {}", self.name), move |shutdown| relay.clone().purge(shutdown))
    }

    async fn run(self, shutdown: Shutdown) -> Result<(), BoxError> {
        rows::ensure_lanes(&self.pool).await?;
        // If one lane's task fails, all leave together, so that the next start finds no lease of a living task.
        let lanes = shutdown.child();
        let mut tasks = JoinSet::new();
        let copies = Copies::new(self);
        for (number, woken) in copies.lanes() {
            tasks.spawn(lane::run(LaneLoop::new(&copies, number, woken, lanes.clone())));
        }
        tasks.spawn(copies.run(lanes.clone()));
        let mut result = Ok(());
        while let Some(ended) = tasks.join_next().await {
            if let Err(panicked) = ended {
                lanes.request();
                result = Err(panicked.into());
            }
        }
        result
    }

    async fn purge(self, shutdown: Shutdown) -> Result<(), BoxError> {
        let interval = Duration::from_millis(self.settings.full_scan_ms);
        loop {
            for lane in 0..LANES {
                self.purge_lane(lane, &shutdown).await;
            }
            tokio::select! {
                () = shutdown.requested() => return Ok(()),
                () = tokio::time::sleep(interval) => {}
            }
        }
    }

    async fn purge_lane(&self, lane: u8, shutdown: &Shutdown) {
        let RelaySettings { retention_s, purge_chunk, .. } = self.settings;
        while !shutdown.is_requested() {
            match rows::purge(&self.pool, lane, retention_s, purge_chunk).await {
                Ok(deleted) if deleted >= purge_chunk => {}
                Ok(_) => break,
                Err(error) => {
                    warn!(
                        lane,
                        error = causes(&error),
                        "published outbox rows were not deleted; tried again later"
                    );
                    break;
                }
            }
        }
        if let Ok(waited_s) = rows::oldest_s(&self.pool, lane).await {
            let waited_s = u32::try_from(waited_s).unwrap_or(0);
            metrics::gauge!("outbox_oldest_unpublished_seconds", "relay" => self.name.clone(), "lane" => lane.to_string())
                .set(f64::from(waited_s));
        }
    }
}
