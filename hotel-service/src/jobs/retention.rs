//! Deletes what was kept long enough: answers under idempotency keys, old audit entries.

use std::{sync::Arc, time::Duration};

use platform::{job::Job, shutdown::Shutdown};

use crate::{
    settings::Settings,
    store::{AuditLog, KeptAnswers, StoreError},
};

/// How long, how often, how many at once.
#[derive(Clone)]
struct Retention {
    kept: Arc<dyn KeptAnswers>,
    audit: Arc<dyn AuditLog>,
    audit_days: u32,
    chunk: u32,
    every: Duration,
}

/// The job. A failure ends the run; whoever runs it starts it again after a wait.
pub fn job(kept: Arc<dyn KeptAnswers>, audit: Arc<dyn AuditLog>, settings: &Settings) -> Job {
    let retention = Retention {
        kept,
        audit,
        audit_days: settings.audit.keep_days,
        chunk: settings.retention.chunk,
        every: Duration::from_secs(settings.retention.every_seconds),
    };
    Job::new("retention", move |shutdown| run(retention.clone(), shutdown))
}

async fn run(retention: Retention, shutdown: Shutdown) -> Result<(), platform::causes::BoxError> {
    let mut every = tokio::time::interval(retention.every);
    while shutdown.unless_requested(every.tick()).await.is_some() {
        let deleted = retention.sweep(&shutdown).await?;
        if deleted > 0 {
            tracing::info!(deleted, "rows kept long enough were deleted");
        }
    }
    Ok(())
}

impl Retention {
    async fn sweep(&self, shutdown: &Shutdown) -> Result<u64, StoreError> {
        let mut deleted = 0u64;
        while !shutdown.is_requested() {
            let answers = self.kept.purge(self.chunk).await?;
            let entries = self.audit.purge(self.audit_days, self.chunk).await?;
            deleted = deleted.saturating_add(answers).saturating_add(entries);
            if answers.max(entries) < u64::from(self.chunk) {
                break;
            }
        }
        Ok(deleted)
    }
}
