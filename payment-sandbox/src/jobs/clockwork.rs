//! Ends sessions that are over and lets captures arrive that were on their way.

use std::{sync::Arc, time::Duration};

use platform::{app::Job, causes::BoxError, shutdown::Shutdown};

use crate::{
    domain::{Decided, clockwork},
    store::Store,
};

/// The job, which looks every `every_ms`.
pub fn job(store: Arc<Store>, every_ms: u64) -> Job {
    Job::new("clockwork", move |shutdown| run(Arc::clone(&store), every_ms, shutdown))
}

async fn run(store: Arc<Store>, every_ms: u64, shutdown: Shutdown) -> Result<(), BoxError> {
    let every = Duration::from_millis(every_ms);
    while !shutdown.is_requested() {
        store
            .decide(|book, ids, now| Decided { entries: clockwork::due(book, ids, now), answer: () })
            .await?;
        let ticks = store.look(|book, _| book.ticking().next().is_some()).await?;
        // Without a payment that time alone may change there is nothing to look for.
        let next = async { if ticks { tokio::time::sleep(every).await } else { store.changed().await } };
        let _done_or_not = shutdown.unless_requested(next).await;
    }
    Ok(())
}
