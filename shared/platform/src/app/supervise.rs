//! Jobs under supervision: one that fails or panics is logged, counted and started again after a while.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{causes::causes, job::Job, shutdown::Shutdown};

/// Runs a job until it ends by itself or at shutdown.
pub(super) async fn supervise(job: Job, shutdown: Shutdown) {
    let job = Arc::new(job);
    let mut pause = Pause::new();
    loop {
        let started = Instant::now();
        if once(job.clone(), shutdown.clone()).await || shutdown.is_requested() {
            return;
        }
        metrics::counter!("job_failures_total", "job" => job.name().to_owned()).increment(1);
        let wait = pause.after(started.elapsed());
        if shutdown.unless_requested(tokio::time::sleep(wait)).await.is_none() {
            return;
        }
    }
}

/// Whether it ended as it should.
async fn once(job: Arc<Job>, shutdown: Shutdown) -> bool {
    let name = job.name().to_owned();
    match tokio::spawn(async move { job.run(shutdown).await }).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!(job = name, causes = causes(&*error), "a job failed and will be started again");
            false
        }
        Err(error) => {
            tracing::error!(job = name, %error, "a job panicked and will be started again");
            false
        }
    }
}

/// Waits that double while a job keeps failing, and start over when it had run for a while.
struct Pause {
    next: Duration,
}

impl Pause {
    const FIRST: Duration = Duration::from_millis(200);
    const LONGEST: Duration = Duration::from_secs(15);
    /// A job that ran this long had recovered.
    const HEALTHY: Duration = Duration::from_mins(1);

    fn new() -> Self {
        Self { next: Self::FIRST }
    }

    fn after(&mut self, ran: Duration) -> Duration {
        let wait = if ran >= Self::HEALTHY { Self::FIRST } else { self.next };
        self.next = wait.saturating_mul(2).min(Self::LONGEST);
        wait
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

    #[test]
    fn waits_double_up_to_a_bound_and_start_over_after_a_healthy_run() {
        let mut pause = Pause::new();
        let waits: Vec<_> = (0..9).map(|_| pause.after(Duration::ZERO).as_millis()).collect();
        assert_eq!(waits, [200, 400, 800, 1600, 3200, 6400, 12800, 15000, 15000]);
        assert_eq!(pause.after(Pause::HEALTHY), Pause::FIRST);
    }
}
