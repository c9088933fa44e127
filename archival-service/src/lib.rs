//! Ended bookings from MySQL to Cassandra, read back, purged once settled.
//!
//! Three scans of MySQL do the work, and events only wake the first: one copies what has just ended, one walks slowly over
//! everything that is left, one purges what has settled. Nothing is remembered that a restart could lose: whether a booking
//! is copied is what the archive itself says when it is read back, noted in MySQL beside the booking, so a process killed
//! anywhere is followed by one that does the same again.

#![expect(missing_docs, reason = "no library: docs stand where they say more than the name")]

pub mod adapters;
pub mod archiver;
pub mod consumers;
pub mod jobs;
pub mod migrate;
pub mod progress;
pub mod settings;

use async_trait::async_trait;
use platform::{
    api::Routes,
    app::{App, Service},
    start::StartError,
};

use crate::settings::Settings;

/// archival-service.
#[derive(Debug, Clone, Copy)]
pub struct ArchivalApp;

#[async_trait]
impl App for ArchivalApp {
    const NAME: &'static str = "archival-service";
    const ENV: &'static str = "ARCHIVAL";
    const DEFAULT_TOML: &'static str = include_str!("../config.default.toml");
    type Settings = Settings;
    type State = ();

    /// No API of its own, only the kit's probes and metrics.
    fn routes() -> Routes<()> {
        Routes::new()
    }

    async fn migrate(settings: &Settings) -> Result<(), StartError> {
        migrate::run(settings).await
    }

    async fn start(settings: Settings) -> Result<Service<()>, StartError> {
        adapters::servers(&settings)
    }
}
