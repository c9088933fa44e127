//! Whether this process can answer: what `/readyz` says.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use futures::future::{BoxFuture, join_all};
use serde::Serialize;

use crate::{causes::BoxError, shutdown::Shutdown};

type Ask = Arc<dyn Fn() -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>;

/// A question to something that an answer cannot do without, such as the service's own database.
#[derive(Clone)]
pub struct ReadinessProbe {
    name: &'static str,
    ask: Ask,
}

impl ReadinessProbe {
    /// A probe of this name.
    pub fn new<A, F>(name: &'static str, ask: A) -> Self
    where
        A: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Self { name, ask: Arc::new(move || Box::pin(ask())) }
    }
}

/// What the probes said last.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    pub(crate) ready: bool,
    checks: Vec<Check>,
}

#[derive(Debug, Clone, Serialize)]
struct Check {
    name: &'static str,
    ready: bool,
}

/// Asks the probes by itself, so that `/readyz` is answered from memory however often it is called.
#[derive(Clone)]
pub(crate) struct Readiness {
    last: Arc<RwLock<Report>>,
    probes: Arc<Vec<ReadinessProbe>>,
}

impl Readiness {
    /// What answers is asked again after this; a balancer needs two or three refusals anyway.
    const WHILE_READY: Duration = Duration::from_secs(3);
    /// What was away is looked for this often.
    const WHILE_AWAY: Duration = Duration::from_millis(500);
    /// A probe that takes longer counts as failed.
    const LONGEST: Duration = Duration::from_secs(2);

    pub(crate) fn new(probes: Vec<ReadinessProbe>) -> Self {
        let unknown = Report { ready: false, checks: Vec::new() };
        Self { last: Arc::new(RwLock::new(unknown)), probes: Arc::new(probes) }
    }

    pub(crate) fn report(&self) -> Report {
        self.last.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks once; what changed is logged once.
    pub(crate) async fn ask(&self) {
        let checks = join_all(self.probes.iter().map(check)).await;
        let ready = checks.iter().all(|check| check.ready);
        let was = self.report().ready;
        if was != ready {
            tracing::info!(ready, ?checks, "readiness changed");
        }
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = Report { ready, checks };
    }

    /// Keeps asking until shutdown, then reports not ready: no new work is wanted.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        loop {
            let wait = if self.report().ready { Self::WHILE_READY } else { Self::WHILE_AWAY };
            if shutdown.unless_requested(tokio::time::sleep(wait)).await.is_none() {
                break;
            }
            self.ask().await;
        }
        self.last.write().unwrap_or_else(PoisonError::into_inner).ready = false;
    }
}

async fn check(probe: &ReadinessProbe) -> Check {
    let answer = tokio::time::timeout(Readiness::LONGEST, (probe.ask)()).await;
    let ready = match answer {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::debug!(probe = probe.name, error, "a readiness probe failed");
            false
        }
        Err(_) => false,
    };
    Check { name: probe.name, ready }
}
