//! Forgets mails that were sent long ago.

use std::time::Duration;

use platform::{app::Job, causes::BoxError, shutdown::Shutdown};

use crate::{settings::RetentionSettings, store::SentMails};

/// The job.
pub fn job(sent: SentMails, settings: RetentionSettings) -> Job {
    Job::new("forgetting sent mails", move |shutdown| run(sent.clone(), settings, shutdown))
}

async fn run(sent: SentMails, settings: RetentionSettings, shutdown: Shutdown) -> Result<(), BoxError> {
    let mut ticks = tokio::time::interval(Duration::from_millis(settings.every_ms));
    while shutdown.unless_requested(ticks.tick()).await.is_some() {
        while sent.purge(settings.sent_days, settings.chunk).await? >= u64::from(settings.chunk) {
            if shutdown.is_requested() {
                return Ok(());
            }
        }
    }
    Ok(())
}
