//! Whether the index has all that was read: one that was emptied, or restored from a snapshot, has not, and no lag shows it.
//!
//! The index says until when that is so. Its word travels with it: into a snapshot, and away with a deleted index. If the groups
//! have read events written well after that, their effects are not there. Offsets alone could not tell this from a process
//! that was killed between two notes.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use domain::Instant;
use events::{
    consumer::{Handler, Record, Verdict},
    kafka::{self, Kafka},
};
use platform::{causes::BoxError, clock::SystemClock, job::Job, shutdown::Shutdown};
use tokio::{sync::watch, time::Instant as Moment};

use crate::{freshness::Freshness, index::elastic::indices::Indices};

/// A look that failed is tried again this often once nothing is handled without it.
const AGAIN: Duration = Duration::from_secs(1);
/// Nothing is handled so many intervals after the last look: whoever was frozen, or had no index for long, looks first. Else
/// what was written meanwhile, and is read the moment the index is back, would be taken for what the index lacks.
const HANDLED_FOR: u32 = 2;
/// So whatever was read was written before so many intervals after the last note, by clocks that differ by less than one.
const INTERVALS: i32 = 3;

/// Looks whether the index has all that these groups have read.
#[derive(Clone)]
pub struct Completeness {
    indices: Indices,
    kafka: Kafka,
    read: Arc<[(String, String)]>,
    every: Duration,
    /// When the last look that succeeded began.
    looked: watch::Sender<Option<Moment>>,
}

impl Completeness {
    /// Of the indices behind the alias; `read` names groups and their topics.
    pub fn new(indices: Indices, kafka: Kafka, read: &[(String, String)], every: Duration) -> Self {
        Self { indices, kafka, read: read.into(), every, looked: watch::Sender::new(None) }
    }

    /// The job that looks, at the start and from then on.
    pub fn job(&self, freshness: &Freshness) -> Job {
        let (completeness, freshness) = (self.clone(), freshness.clone());
        Job::new("completeness of search", move |shutdown: Shutdown| {
            let (completeness, freshness) = (completeness.clone(), freshness.clone());
            async move {
                while !shutdown.is_requested() {
                    let wait = completeness.look_and_tell(&freshness).await;
                    shutdown.unless_requested(tokio::time::sleep(wait)).await;
                }
                Ok::<(), BoxError>(())
            }
        })
    }

    /// That handler, who waits while the last look is too long ago.
    pub fn before(&self, handler: Arc<dyn Handler>) -> Arc<dyn Handler> {
        Arc::new(AfterALook { completeness: self.clone(), handler })
    }

    async fn looked_lately(&self) {
        let mut looked = self.looked.subscribe();
        while !self.is_lately(*looked.borrow_and_update()) && looked.changed().await.is_ok() {}
    }

    fn is_lately(&self, looked: Option<Moment>) -> bool {
        looked.is_some_and(|at| at.elapsed() < self.every * HANDLED_FOR)
    }

    /// How long until the next look.
    async fn look_and_tell(&self, freshness: &Freshness) -> Duration {
        let begun = Moment::now();
        match self.lacks_events(SystemClock.read()).await {
            Ok(lacks) => {
                freshness.set_incomplete(lacks);
                self.looked.send_replace(Some(begun));
                self.every
            }
            Err(error) => {
                tracing::debug!(error, "whether the index has all that was read is not known");
                if self.is_lately(*self.looked.borrow()) { self.every } else { AGAIN }
            }
        }
    }

    /// Whether the index lacks what was read; if not, it is noted in it.
    async fn lacks_events(&self, now: Instant) -> Result<bool, BoxError> {
        let patience = TimeDelta::from_std(self.every)? * INTERVALS;
        let noted = self.indices.read_until().await?;
        let ever = || Instant::from_naive_utc(DateTime::UNIX_EPOCH.naive_utc());
        let since = noted.map_or_else(ever, |at| at.plus(patience));
        for (group, topic) in &*self.read {
            if kafka::has_read_since(&self.kafka, group, topic, since).await? {
                return Ok(true);
            }
        }
        // Only into the index that was looked at: another may have taken its place meanwhile, or another copy has noted it.
        if self.indices.read_until().await? == noted {
            self.indices.note_read_until(now).await?;
        }
        Ok(false)
    }
}

/// A handler whose records come in only as long as somebody looks.
struct AfterALook {
    completeness: Completeness,
    handler: Arc<dyn Handler>,
}

#[async_trait]
impl Handler for AfterALook {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        self.completeness.looked_lately().await;
        self.handler.handle(records).await
    }
}

#[cfg(test)]
mod tests;
