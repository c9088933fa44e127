//! The pace of a job: again and again until the shutdown, sooner when woken, with failures logged once.

use std::{future::Future, sync::Arc, time::Duration};

use platform::{api::BoxError, shutdown::Shutdown, telemetry};
use tokio::sync::Notify;

/// Wakes a job before its time. Cheap to clone; waking never waits and is never lost.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// There is something to do.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    async fn woken(&self) {
        self.0.notified().await;
    }
}

/// How often a job looks for work.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    pub(super) name: &'static str,
    pub(super) every: Duration,
    pub(super) wake: Wake,
}

impl Pace {
    /// Looks for work until the shutdown, each look to its end.
    pub(super) async fn run<F, Fut>(self, shutdown: Shutdown, mut look: F) -> Result<(), BoxError>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<(), BoxError>>,
    {
        let mut failing = false;
        while !shutdown.is_requested() {
            let done = look().await;
            self.note(done.as_ref().err(), &mut failing);
            tokio::select! {
                () = shutdown.requested() => {}
                () = self.wake.woken() => {}
                () = tokio::time::sleep(self.every) => {}
            }
        }
        Ok(())
    }

    /// The first failure in a row is logged, the metric counts them all.
    fn note(&self, error: Option<&BoxError>, failing: &mut bool) {
        let Some(error) = error else {
            if std::mem::take(failing) {
                tracing::info!(job = self.name, "the job works again");
            }
            return;
        };
        metrics::counter!("archival_looks_failed_total", "job" => self.name).increment(1);
        if !std::mem::replace(failing, true) {
            let error = telemetry::causes(&**error);
            tracing::warn!(job = self.name, error, "a look for work failed and will be repeated");
        }
    }
}
