//! The pace of a job: again and again until the shutdown, sooner when woken, with failures logged once.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::sync::Notify;

use crate::{
    causes::{BoxError, causes},
    shutdown::Shutdown,
};

/// Wakes a job before its time. Cheap to clone; waking never waits and is never lost.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// There is something to do.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Returns when somebody has woken this since the last return. One waits; several would share the wake-ups out.
    pub async fn woken(&self) {
        self.0.notified().await;
    }
}

/// How often a job looks for work, and who may wake it before.
#[derive(Debug, Clone)]
pub struct Pace {
    /// For logs and metrics.
    pub name: &'static str,
    /// The wait between two looks.
    pub every: Duration,
    /// Wakes it before.
    pub wake: Wake,
    /// So long it lets more come when it was woken.
    pub gather: Duration,
}

impl Pace {
    /// A job that nobody wakes.
    pub fn new(name: &'static str, every_ms: u64) -> Self {
        Self { name, every: Duration::from_millis(every_ms), wake: Wake::default(), gather: Duration::ZERO }
    }

    /// A job that is also woken by this.
    #[must_use]
    pub fn woken_by(mut self, wake: Wake) -> Self {
        self.wake = wake;
        self
    }

    /// The same, but so long after it was woken: what comes together is then found together.
    #[must_use]
    pub const fn gathering(mut self, gather_ms: u64) -> Self {
        self.gather = Duration::from_millis(gather_ms);
        self
    }

    /// Looks for work until the shutdown. A look that found a whole batch is followed by the next at once.
    pub async fn run<F, Fut>(self, shutdown: Shutdown, mut look: F) -> Result<(), BoxError>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<Found, BoxError>>,
    {
        let mut failing = false;
        while !shutdown.is_requested() {
            let found = look().await;
            self.note(&found, &mut failing);
            if matches!(found, Ok(Found::More)) {
                continue;
            }
            let woken = tokio::select! {
                () = shutdown.requested() => false,
                () = self.wake.woken() => true,
                () = tokio::time::sleep(self.every) => false,
            };
            if woken {
                // Not cut short by the wait between two looks.
                shutdown.unless_requested(tokio::time::sleep(self.gather)).await;
            }
        }
        Ok(())
    }

    /// The first failure in a row is logged, the metric counts them all.
    fn note(&self, found: &Result<Found, BoxError>, failing: &mut bool) {
        match found {
            Ok(_) => {
                if std::mem::take(failing) {
                    tracing::info!(job = self.name, "the job works again");
                }
            }
            Err(error) => {
                metrics::counter!("job_looks_failed_total", "job" => self.name).increment(1);
                if !std::mem::replace(failing, true) {
                    tracing::warn!(
                        job = self.name,
                        causes = causes(&**error),
                        "a look for work failed and will be repeated"
                    );
                }
            }
        }
    }
}

/// What a look for work found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A whole batch: there may be more.
    More,
    /// All there was.
    All,
}

impl Found {
    /// Whether `count` of at most `batch` is a whole batch.
    pub fn of(count: usize, batch: u32) -> Self {
        if u32::try_from(count).is_ok_and(|count| count < batch) { Self::All } else { Self::More }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn a_woken_job_lets_more_come_before_it_looks_also_if_a_look_would_be_due() {
        let (wake, shutdown, mut looks) = (Wake::default(), Shutdown::new(), Vec::new());
        let pace = Pace::new("test", 50).woken_by(wake.clone()).gathering(300);
        wake.wake();
        let stop = shutdown.clone();
        let look = || {
            looks.push(Instant::now());
            if looks.len() > 1 {
                stop.request();
            }
            async { Ok(Found::All) }
        };
        pace.run(shutdown, look).await.unwrap();
        let gathered = looks[1] - looks[0];
        assert!(gathered >= Duration::from_millis(300), "{gathered:?}");
    }
}
