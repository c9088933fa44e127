//! Rebuilds the index from the two compacted topics while searches go on.
//!
//! A new index is filled by consumer groups of its own. When their lag is 0 the alias moves to it; then they read on until
//! their lag is 0 again: by then everything that the running consumers wrote into the old index before the move is in the
//! new one too. The old index goes a little later, when no search reads it any more. One rebuild runs at a time; it removes
//! what rebuilds before it left behind when they were killed.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use events::{
    consumer::{Consumer, ConsumerSettings, ConsumerState, Handler, Record, Verdict},
    event_log::EventLog,
    kafka::Kafka,
};
use platform::{
    causes::BoxError,
    clock::{Clock, SystemClock},
    ids::{Ids as _, SystemIds},
    shutdown::Shutdown,
};
use tokio::task::JoinSet;

use crate::{
    adapters,
    consumers::{availability_events::AvailabilityEvents, hotel_events::HotelEvents},
    domain::criteria::{Condition, Criteria},
    freshness::behind,
    index::{
        Index, IndexError,
        elastic::{ElasticIndex, indices::Indices, lock::RebuildLock},
    },
    merge::Merger,
    settings::{ReindexSettings, Settings},
};

/// What a rebuild did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reindexed {
    /// The index that the alias names now.
    pub index: String,
    /// The indices it named before; they are deleted.
    pub replaced: Vec<String>,
    /// Indices that killed rebuilds had left behind; they are deleted.
    pub orphans: Vec<String>,
    /// Rooms in it that may be shown.
    pub visible_rooms: u64,
    /// How long it took.
    pub took: Duration,
}

/// Why the alias was not moved, or the old index is still there.
#[derive(Debug, thiserror::Error)]
pub enum ReindexError {
    /// The service's settings do not give its adapters.
    #[error(transparent)]
    Start(#[from] platform::start::StartError),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Another rebuild is under way, or was killed a moment ago.
    #[error("another rebuild is under way, or was killed less than reindex.lock_ms ago")]
    Locked,
    /// The topics could not be read to their end in time, or the shutdown began.
    #[error("the topics were not read to their end: {0}")]
    Unfinished(&'static str),
}

/// Rebuilds the index behind the alias. Until the alias moves a failure leaves everything as it was.
pub async fn reindex(settings: &Settings, shutdown: &Shutdown) -> Result<Reindexed, ReindexError> {
    let indices = adapters::indices(settings, adapters::wire(settings)?)?;
    let suffix = SystemIds.uuid().simple().to_string();
    let turn = Turn {
        lock: indices.lock(),
        holder: suffix.clone(),
        length: Duration::from_millis(settings.reindex.lock_ms),
    };
    turn.hold().await?;
    let rebuilt = rebuild(settings, &indices, &turn, shutdown).await;
    if let Err(error) = turn.lock.release(&suffix).await {
        tracing::warn!(%error, "the lock of rebuilds is not given back: it ends by itself");
    }
    rebuilt
}

/// Our turn to rebuild, as long as it is renewed.
struct Turn {
    lock: RebuildLock,
    holder: String,
    length: Duration,
}

impl Turn {
    async fn hold(&self) -> Result<(), ReindexError> {
        let held = self.lock.hold(&self.holder, SystemClock.read(), self.length).await?;
        if held { Ok(()) } else { Err(ReindexError::Locked) }
    }
}

async fn rebuild(
    settings: &Settings,
    indices: &Indices,
    turn: &Turn,
    shutdown: &Shutdown,
) -> Result<Reindexed, ReindexError> {
    let begun = Instant::now();
    let orphans = indices.orphans().await?;
    for orphan in &orphans {
        tracing::warn!(index = orphan, "removing what a killed rebuild left behind");
        indices.delete(orphan).await?;
    }
    let index = indices.create_next(&turn.holder).await?;
    tracing::info!(index, "rebuilding the search index");
    let replaced = match fill_and_move(settings, indices, &index, turn, shutdown).await {
        Ok(replaced) => replaced,
        Err(error) => {
            abandon(indices, &index).await;
            return Err(error);
        }
    };
    indices.end_rebuilding().await?;
    remove(indices, &replaced, &settings.reindex).await?;
    let visible_rooms = visible(&*adapters::index(settings)?).await?;
    Ok(Reindexed { index, replaced, orphans, visible_rooms, took: begun.elapsed() })
}

async fn fill_and_move(
    settings: &Settings,
    indices: &Indices,
    name: &str,
    turn: &Turn,
    shutdown: &Shutdown,
) -> Result<Vec<String>, ReindexError> {
    let index = Arc::new(ElasticIndex::by_alias(adapters::wire(settings)?, indices.rebuilding()));
    let rebuild = Rebuild::start(settings, index.clone(), &turn.holder, shutdown);
    let moved = async {
        rebuild.read_to_the_end(turn).await?;
        index.refresh().await?;
        turn.hold().await?;
        indices.note(name, SystemClock.read()).await?;
        let replaced = indices.swap_to(name).await?;
        tracing::info!(index = name, ?replaced, "the alias has moved");
        rebuild.read_to_the_end(turn).await?;
        indices.note(name, SystemClock.read()).await?;
        Ok(replaced)
    };
    let moved = moved.await;
    rebuild.stop().await;
    moved
}

async fn remove(
    indices: &Indices,
    replaced: &[String],
    settings: &ReindexSettings,
) -> Result<(), IndexError> {
    tokio::time::sleep(Duration::from_millis(settings.keep_old_ms)).await;
    for old in replaced {
        indices.delete(old).await?;
    }
    Ok(())
}

/// Deletes the new index unless the alias names it already.
async fn abandon(indices: &Indices, name: &str) {
    let named = indices.named().await;
    if named.is_ok_and(|named| named.iter().all(|index| index != name))
        && let Err(error) = indices.delete(name).await
    {
        tracing::warn!(index = name, %error, "an index that was not finished is left behind");
    }
}

async fn visible(index: &dyn Index) -> Result<u64, IndexError> {
    let visible = Criteria { conditions: vec![Condition::Visible], ..Criteria::default() };
    index.refresh().await?;
    Ok(index.count(&[visible]).await?.into_iter().sum())
}

/// The consumers that fill the new index.
struct Rebuild {
    kafka: Kafka,
    settings: ReindexSettings,
    read: Vec<(String, String)>,
    states: Vec<ConsumerState>,
    stop: Shutdown,
    jobs: JoinSet<Result<(), BoxError>>,
}

impl Rebuild {
    fn start(settings: &Settings, index: Arc<dyn Index>, suffix: &str, shutdown: &Shutdown) -> Self {
        let kafka = Kafka::new(settings.kafka.clone());
        let log: Arc<dyn EventLog> = Arc::new(kafka.clone());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let merger = Merger::new(index, clock);
        let of = |settings: &ConsumerSettings, handler: Arc<dyn Handler>| {
            let group = format!("{}-rebuild-{suffix}", settings.group);
            let own = ConsumerSettings { group, ..settings.clone() };
            (own.clone(), Consumer::new(Arc::clone(&log), own, Arc::new(Lenient(handler))))
        };
        let consumers = [
            of(&settings.hotel_consumer, Arc::new(HotelEvents::new(merger.clone()))),
            of(&settings.availability_consumer, Arc::new(AvailabilityEvents::new(merger))),
        ];
        let stop = shutdown.child();
        let mut jobs = JoinSet::new();
        for (_, consumer) in &consumers {
            let (job, stop) = (consumer.job(), stop.clone());
            jobs.spawn(async move { job.run(stop).await });
        }
        let states = consumers.iter().map(|(_, consumer)| consumer.state()).collect();
        let read = consumers.into_iter().map(|(settings, _)| (settings.group, settings.topic)).collect();
        Self { kafka, settings: settings.reindex.clone(), read, states, stop, jobs }
    }

    /// Waits until both groups have handled everything that is in the topics now.
    async fn read_to_the_end(&self, turn: &Turn) -> Result<(), ReindexError> {
        let begun = Instant::now();
        let mut renewed = begun;
        while begun.elapsed() < Duration::from_secs(self.settings.deadline_s) {
            if renewed.elapsed() > turn.length / 3 {
                turn.hold().await?;
                renewed = Instant::now();
            }
            if self.stop.is_requested() {
                return Err(ReindexError::Unfinished("it was stopped"));
            }
            if self.states.iter().any(ConsumerState::stale) {
                return Err(ReindexError::Unfinished("a consumer gave up"));
            }
            if behind(&self.kafka, &self.read).await == Some(0) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(self.settings.check_ms)).await;
        }
        Err(ReindexError::Unfinished("it took longer than reindex.deadline_s"))
    }

    async fn stop(mut self) {
        self.stop.request();
        while let Some(ended) = self.jobs.join_next().await {
            if let Ok(Err(error)) = ended {
                tracing::warn!(%error, "a consumer of the rebuild ended badly");
            }
        }
    }
}

/// What cannot be handled was refused, and went to the dead letters, when it was new: once is enough.
struct Lenient(Arc<dyn Handler>);

#[async_trait]
impl Handler for Lenient {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        let verdicts = self.0.handle(records).await;
        let lenient = |(record, verdict): (&Record, Verdict)| match verdict {
            Verdict::Reject(refused) => {
                tracing::debug!(key = record.key, %refused, "left out of the rebuild");
                Verdict::Done
            }
            kept @ (Verdict::Done | Verdict::Retry(_)) => kept,
        };
        records.iter().zip(verdicts).map(lenient).collect()
    }
}
