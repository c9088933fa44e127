//! Whether the index has all that was read: one that was emptied, or restored from a snapshot, has not, and no lag shows it.
//!
//! The index says until when that is so. Its word travels with it: into a snapshot, and away with a deleted index. If the groups
//! have read events written well after that, their effects are not there. Offsets alone could not tell this from a process
//! that was killed between two notes.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta};
use domain::Instant;
use events::kafka::{self, Kafka};
use platform::{causes::BoxError, clock::SystemClock, job::Job, shutdown::Shutdown};
use tokio::sync::watch;

use crate::{freshness::Freshness, index::elastic::indices::Indices};

/// The first look is tried again this often: nothing is read before it.
const FIRST_AGAIN: Duration = Duration::from_secs(1);
/// Whoever is killed has read for less than so many intervals after the last note.
const INTERVALS: i32 = 3;

/// Looks whether the index has all that these groups have read.
#[derive(Clone)]
pub struct Completeness {
    indices: Indices,
    kafka: Kafka,
    read: Arc<[(String, String)]>,
    every: Duration,
    looked: watch::Sender<bool>,
}

impl Completeness {
    /// Of the indices behind the alias; `read` names groups and their topics.
    pub fn new(indices: Indices, kafka: Kafka, read: &[(String, String)], every: Duration) -> Self {
        Self { indices, kafka, read: read.into(), every, looked: watch::Sender::new(false) }
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

    /// That job, once the first look is over: what it reads before might be taken for what the index lacks.
    pub fn after_the_first_look(&self, job: Job) -> Job {
        let (completeness, job) = (self.clone(), Arc::new(job));
        Job::new(job.name().to_owned(), move |shutdown: Shutdown| {
            let (mut looked, job) = (completeness.looked.subscribe(), Arc::clone(&job));
            async move {
                let first = async { drop(looked.wait_for(|looked| *looked).await) };
                match shutdown.unless_requested(first).await {
                    Some(()) => job.run(shutdown).await,
                    None => Ok(()),
                }
            }
        })
    }

    /// How long until the next look.
    async fn look_and_tell(&self, freshness: &Freshness) -> Duration {
        match self.lacks_events(SystemClock.read()).await {
            Ok(lacks) => {
                freshness.set_incomplete(lacks);
                self.looked.send_replace(true);
                self.every
            }
            Err(error) => {
                tracing::debug!(error, "whether the index has all that was read is not known");
                if *self.looked.borrow() { self.every } else { FIRST_AGAIN }
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
