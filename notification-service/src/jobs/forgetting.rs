//! Forgets mails that were over long ago.

use std::time::Duration;

use platform::{app::Job, causes::BoxError, shutdown::Shutdown};

use crate::{settings::RetentionSettings, store::Mails};

pub fn job(mails: Mails, settings: RetentionSettings) -> Job {
    Job::new("forgetting sent mails", move |shutdown| run(mails.clone(), settings, shutdown))
}

async fn run(mails: Mails, settings: RetentionSettings, shutdown: Shutdown) -> Result<(), BoxError> {
    let mut ticks = tokio::time::interval(Duration::from_millis(settings.every_ms));
    while shutdown.unless_requested(ticks.tick()).await.is_some() {
        while mails.purge(settings.sent_days, settings.chunk).await? >= u64::from(settings.chunk) {
            if shutdown.is_requested() {
                return Ok(());
            }
        }
    }
    Ok(())
}
