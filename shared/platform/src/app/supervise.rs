//! Jobs under supervision: one that fails or panics is logged, counted and started again after a while.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use delivery::Backoff;
use tokio::task::JoinSet;

use crate::{causes::causes, job::Job, shutdown::Shutdown};

/// Waits that double while a job keeps failing.
const WAITS: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(15));
/// A job that ran this long had recovered: the waits start over.
const HEALTHY: Duration = Duration::from_mins(1);

/// Runs a job until it ends by itself or at shutdown.
pub async fn supervise(job: Job, shutdown: Shutdown) {
    let job = Arc::new(job);
    let mut failures = 0_u32;
    loop {
        let started = Instant::now();
        if once(job.clone(), shutdown.clone()).await || shutdown.is_requested() {
            return;
        }
        metrics::counter!("job_failures_total", "job" => job.name().to_owned()).increment(1);
        failures = if started.elapsed() >= HEALTHY { 1 } else { failures.saturating_add(1) };
        if shutdown.unless_requested(tokio::time::sleep(WAITS.delay(failures))).await.is_none() {
            return;
        }
    }
}

/// Whether it ended as it should.
async fn once(job: Arc<Job>, shutdown: Shutdown) -> bool {
    let name = job.name().to_owned();
    // Of its own, so that a panic stays in it; in a set, so that it ends with who supervises it.
    let mut run = JoinSet::new();
    run.spawn(async move { job.run(shutdown).await });
    match run.join_next().await {
        Some(Ok(Ok(()))) | None => true,
        Some(Ok(Err(error))) => {
            tracing::error!(job = name, causes = causes(&*error), "a job failed and will be started again");
            false
        }
        Some(Err(error)) => {
            tracing::error!(job = name, %error, "a job panicked and will be started again");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_job_that_fails_or_panics_is_started_again() {
        let runs = Arc::new(AtomicU32::new(0));
        let counter = runs.clone();
        let job = Job::new("flaky", move |_| {
            let run = counter.fetch_add(1, Ordering::SeqCst);
            async move {
                assert_ne!(run, 1, "panics the second time");
                if run == 0 { Err("fails the first time".into()) } else { Ok(()) }
            }
        });
        supervise(job, Shutdown::new()).await;
        assert_eq!(runs.load(Ordering::SeqCst), 3);
    }
}
