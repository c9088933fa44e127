//! The relay: publishes the outbox, lane by lane, in order, at least once. Decisions are made by [`delivery::Lane`].

mod context;
mod copies;
mod lane;
mod resolve;
mod settings;
mod source;

use std::{sync::Arc, time::Duration};

use delivery::LANES;
use platform::{
    causes::{BoxError, causes},
    job::Job,
    pace::Wake,
    shutdown::Shutdown,
};
use sqlx::MySqlPool;
use tokio::task::JoinSet;
use tracing::warn;

use self::{context::Context, copies::Copies, lane::LaneLoop};
use crate::{event_log::EventLog, outbox::rows};

pub use self::{settings::RelaySettings, source::Source};

/// The relay of one database. Any number of processes may run one; each lane is published by one of them at a time.
#[derive(Clone)]
pub struct Relay(Arc<Context>);

impl Relay {
    /// The relay of the service `name`, which with the lane's number makes the name of the fencing publisher.
    pub fn new(
        name: impl Into<String>,
        pool: MySqlPool,
        log: Arc<dyn EventLog>,
        settings: RelaySettings,
    ) -> Self {
        let name = name.into();
        Self(Arc::new(Context {
            owner: format!("{name}/{:016x}", rand::random::<u64>()),
            name,
            pool,
            log,
            settings,
            source: None,
            wake: Wake::default(),
            lanes: (0..LANES).map(|lane| (lane, Wake::default())).collect(),
        }))
    }

    /// Asks this for what entries only name.
    #[must_use]
    pub fn with_source(mut self, source: Arc<dyn Source>) -> Self {
        Arc::make_mut(&mut self.0).source = Some(source);
        self
    }

    /// Wakes this relay; call it after each commit that wrote events.
    pub fn wake(&self) -> Wake {
        self.0.wake.clone()
    }

    /// The name of this process among those that run this relay.
    pub fn owner(&self) -> &str {
        &self.0.owner
    }

    /// Wakes one lane of this relay, if it is its own: where another process has committed events.
    pub fn wake_lane(&self, lane: u8) {
        if let Some(woken) = self.0.lanes.get(&lane) {
            woken.wake();
        }
    }

    /// The job that publishes.
    pub fn job(&self) -> Job {
        let relay = self.clone();
        Job::new(format!("relay of {}", self.0.name), move |shutdown| relay.clone().run(shutdown))
    }

    /// The job that deletes rows published long ago.
    pub fn purge_job(&self) -> Job {
        let relay = self.clone();
        Job::new(format!("outbox purge of {}", self.0.name), move |shutdown| relay.clone().purge(shutdown))
    }

    async fn run(self, shutdown: Shutdown) -> Result<(), BoxError> {
        rows::ensure_lanes(&self.0.pool).await?;
        // If one lane's task fails, all leave together, so that the next start finds no lease of a living task.
        let lanes = shutdown.child();
        let mut tasks = JoinSet::new();
        let (copies, troubles) = Copies::new(Arc::clone(&self.0));
        for (number, woken) in copies.lanes() {
            tasks.spawn(lane::run(LaneLoop::new(&copies, number, woken, lanes.clone())));
        }
        tasks.spawn(copies.run(troubles, lanes.clone()));
        let mut result = Ok(());
        while let Some(ended) = tasks.join_next().await {
            if let Err(panicked) = ended {
                lanes.request();
                result = Err(panicked.into());
            }
        }
        result
    }

    async fn purge(self, shutdown: Shutdown) -> Result<(), BoxError> {
        let interval = Duration::from_millis(self.0.settings.full_scan_ms);
        loop {
            for lane in 0..LANES {
                self.purge_lane(lane, &shutdown).await;
            }
            tokio::select! {
                () = shutdown.requested() => return Ok(()),
                () = tokio::time::sleep(interval) => {}
            }
        }
    }

    async fn purge_lane(&self, lane: u8, shutdown: &Shutdown) {
        let RelaySettings { retention_s, purge_chunk, .. } = self.0.settings;
        while !shutdown.is_requested() {
            match rows::purge(&self.0.pool, lane, retention_s, purge_chunk).await {
                Ok(deleted) if deleted >= purge_chunk => {}
                Ok(_) => break,
                Err(error) => {
                    warn!(
                        lane,
                        error = causes(&error),
                        "published outbox rows were not deleted; tried again later"
                    );
                    break;
                }
            }
        }
        if let Ok(waited_s) = rows::oldest_s(&self.0.pool, lane).await {
            let waited_s = u32::try_from(waited_s).unwrap_or(0);
            metrics::gauge!("outbox_oldest_unpublished_seconds", "relay" => self.0.name.clone(), "lane" => lane.to_string())
                .set(f64::from(waited_s));
        }
    }
}
