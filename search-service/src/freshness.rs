//! Whether what search answers is up to date: `"stale": true` once a consumer stopped or lies behind.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use events::{
    consumer::{ConsumerSettings, ConsumerState},
    kafka::{self, Backlog, Kafka},
};
use platform::{
    causes::{BoxError, causes},
    job::Job,
    shutdown::Shutdown,
};
use serde::Deserialize;

use crate::index::elastic::indices::Indices;

/// When answers count as stale.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreshnessSettings {
    /// How often the consumers' lag is looked at, in milliseconds.
    pub check_ms: u64,
    /// More unread events than this make answers stale.
    pub most_behind: u64,
    /// How often the index is told that it has all that was read, in milliseconds.
    pub note_ms: u64,
}

/// Whether answers are up to date. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Freshness {
    consumers: Vec<ConsumerState>,
    behind: Arc<AtomicBool>,
    outdated: Arc<AtomicBool>,
    incomplete: Arc<AtomicBool>,
}

impl Freshness {
    /// Of these consumers; not behind as long as nobody looked.
    pub fn of(consumers: Vec<ConsumerState>) -> Self {
        Self { consumers, ..Self::default() }
    }

    /// Whether answers may be out of date.
    pub fn is_stale(&self) -> bool {
        let told = [&self.behind, &self.outdated, &self.incomplete];
        told.iter().any(|told| told.load(Ordering::Relaxed))
            || self.consumers.iter().any(ConsumerState::stale)
    }

    fn set_behind(&self, behind: bool) {
        if self.behind.swap(behind, Ordering::Relaxed) != behind {
            tracing::warn!(behind, "whether search lies behind its events has changed");
        }
    }

    /// The job that looks whether the index has our mapping, at the start and from then on. With an older one events wait.
    pub fn mapping_job(&self, indices: Indices, settings: &FreshnessSettings) -> Job {
        let freshness = self.clone();
        let every = Duration::from_millis(settings.check_ms);
        Job::new("mapping of search", move |shutdown: Shutdown| {
            let (freshness, indices) = (freshness.clone(), indices.clone());
            async move {
                while !shutdown.is_requested() {
                    match indices.is_outdated().await {
                        Ok(outdated) => freshness.set_outdated(outdated),
                        Err(error) => tracing::debug!(%error, "the index's mapping could not be read"),
                    }
                    shutdown.unless_requested(tokio::time::sleep(every)).await;
                }
                Ok::<(), BoxError>(())
            }
        })
    }

    fn set_outdated(&self, outdated: bool) {
        if self.outdated.swap(outdated, Ordering::Relaxed) != outdated {
            tracing::warn!(
                outdated,
                "whether the search index has an older mapping has changed: run migrate"
            );
        }
    }

    /// Says whether the index lacks events that were read.
    pub(crate) fn set_incomplete(&self, incomplete: bool) {
        if self.incomplete.swap(incomplete, Ordering::Relaxed) == incomplete {
            return;
        }
        if incomplete {
            tracing::error!(
                "the search index lacks events that were read: it was emptied, or restored from a snapshot; \
                 run vacancy admin reindex"
            );
        } else {
            tracing::info!("the search index has all events that were read");
        }
    }

    /// The job that looks at the lag. A log that does not answer delivers nothing either: stale.
    pub fn job(&self, kafka: Kafka, settings: &FreshnessSettings, consumers: [&ConsumerSettings; 2]) -> Job {
        let (freshness, most) = (self.clone(), settings.most_behind);
        let every = Duration::from_millis(settings.check_ms);
        let read = consumers.map(|consumer| (consumer.group.clone(), consumer.topic.clone())).to_vec();
        Job::new("lag of search", move |shutdown: Shutdown| {
            let (freshness, mut backlog) = (freshness.clone(), Backlog::of(kafka.clone(), read.clone()));
            async move {
                while shutdown.unless_requested(tokio::time::sleep(every)).await.is_some() {
                    let behind = backlog.behind().await;
                    if let Err(error) = &behind {
                        tracing::debug!(error = causes(error), "the lag could not be read");
                    }
                    freshness.set_behind(behind.map_or(true, |behind| behind > most));
                }
                Ok::<(), BoxError>(())
            }
        })
    }
}

/// How many events wait to be read; none if the log does not tell.
pub(crate) async fn behind(kafka: &Kafka, read: &[(String, String)]) -> Option<u64> {
    let mut sum: u64 = 0;
    for (group, topic) in read {
        match kafka::lag(kafka, group, &[topic]).await {
            Ok(partitions) => sum = partitions.iter().fold(sum, |sum, one| sum.saturating_add(one.behind)),
            Err(error) => {
                tracing::debug!(group, topic, error = %error, "the lag could not be read");
                return None;
            }
        }
    }
    Some(sum)
}
