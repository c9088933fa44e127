//! booking-service: offers, quotes, bookings, holds, payments, cancellation. Never the same room twice.
//!
//! A booking command comes in by HTTP, by a callback or by a job, and always goes through [`bookings`]: load, decide
//! (`booking-core`), commit under guards ([`store`]).

#![expect(missing_docs, reason = "no library: docs stand where they say more than the name")]

pub mod adapters;
pub mod api;
pub mod bookings;
pub mod consumers;
pub mod domain;
pub mod jobs;
pub mod migrate;
#[cfg(feature = "planted_faults")]
mod mistakes;
pub mod parts;
pub mod payments;
mod prefixed_log;
pub mod provider;
pub mod queries;
pub mod reads;
mod rows;
pub mod settings;
pub mod shards;
pub mod shares;
pub mod store;
pub mod view;

use async_trait::async_trait;
use platform::{
    api::Routes,
    app::{App, Service},
    mysql,
    start::StartError,
};

use crate::{parts::Shared, settings::Settings};

/// booking-service.
pub struct BookingApp;

#[async_trait]
impl App for BookingApp {
    const NAME: &'static str = "booking-service";
    const ENV: &'static str = "BOOKING";
    const DEFAULT_TOML: &'static str = include_str!("../config.default.toml");
    type Settings = Settings;
    type State = Shared;

    fn routes() -> Routes<Shared> {
        api::routes()
    }

    async fn migrate(settings: &Settings) -> Result<(), StartError> {
        migrate::run(settings).await
    }

    async fn start(settings: Settings) -> Result<Service<Shared>, StartError> {
        #[cfg(feature = "planted_faults")]
        mistakes::in_the_core();
        let adapters = adapters::servers(settings)?;
        let pool = adapters.shared.pool.clone();
        let keeps = mysql::durability_probe(pool.clone(), &adapters.shared.settings.kit);
        let mut service = Service::new(adapters.shared.clone()).ready(mysql::probe(pool)).ready(keeps);
        for job in jobs::all(&adapters.shared).into_iter().chain(adapters.shards).chain(adapters.jobs) {
            service = service.job(job);
        }
        Ok(service)
    }
}
