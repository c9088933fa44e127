//! The frame of every service: its settings, its commands, its start, its jobs, its end.

mod check;
mod cli;
mod run;
mod supervise;

use async_trait::async_trait;

use crate::{api::Routes, readiness::ReadinessProbe, settings::ServiceSettings, start::StartError};

pub use crate::job::Job;
pub use cli::main;
pub use run::{Running, launch};
pub use supervise::supervise;

/// A service, as the kit sees it. A binary's `main` is `platform::app::main::<HotelApp>()`.
#[async_trait]
pub trait App: Sized + Send + Sync + 'static {
    /// Such as `hotel-service`.
    const NAME: &'static str;
    /// The word in `VACANCY_<ENV>__SECTION__KEY`, such as `HOTEL`.
    const ENV: &'static str;
    /// `include_str!("../config.default.toml")`: every key of the service, each with its reason.
    const DEFAULT_TOML: &'static str;
    /// The settings, refusing unknown fields all the way down.
    type Settings: ServiceSettings;
    /// What every handler is given; cloned for each request, so an `Arc` or a struct of them.
    type State: Clone + Send + Sync + 'static;

    /// The operations: a pure description.
    fn routes() -> Routes<Self::State>;

    /// Prepares the service's stores: schema, topics, indexes. Harmless when done before.
    async fn migrate(settings: &Self::Settings) -> Result<(), StartError>;

    /// Connects the adapters. Jobs are asked to stop once requests have drained.
    async fn start(settings: Self::Settings) -> Result<Service<Self::State>, StartError>;
}

/// A started service.
pub struct Service<S> {
    /// What handlers are given.
    pub state: S,
    /// What runs on its own.
    pub jobs: Vec<Job>,
    /// What answering depends on.
    pub ready: Vec<ReadinessProbe>,
}

impl<S> Service<S> {
    /// With neither jobs nor probes.
    #[must_use]
    pub fn new(state: S) -> Self {
        Self { state, jobs: Vec::new(), ready: Vec::new() }
    }

    /// One more job.
    #[must_use]
    pub fn job(mut self, job: Job) -> Self {
        self.jobs.push(job);
        self
    }

    /// One more probe.
    #[must_use]
    pub fn ready(mut self, probe: ReadinessProbe) -> Self {
        self.ready.push(probe);
        self
    }
}
