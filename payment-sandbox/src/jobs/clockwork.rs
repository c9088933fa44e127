//! Ends sessions that are over and lets captures arrive that were on their way.

use std::{sync::Arc, time::Duration};

use platform::{app::Job, causes::BoxError, shutdown::Shutdown};

use crate::{
    desk::Desk,
    domain::{Decided, clockwork},
};

/// The job, which looks every `every_ms`.
pub fn job(desk: Arc<Desk>, every_ms: u64) -> Job {
    Job::new("clockwork", move |shutdown| run(Arc::clone(&desk), every_ms, shutdown))
}

async fn run(desk: Arc<Desk>, every_ms: u64, shutdown: Shutdown) -> Result<(), BoxError> {
    let mut ticks = tokio::time::interval(Duration::from_millis(every_ms));
    while shutdown.unless_requested(ticks.tick()).await.is_some() {
        desk.decide(|book, ids, now| Decided { entries: clockwork::due(book, ids, now), answer: () }).await?;
    }
    Ok(())
}
