//! The service as the kit runs it.

use async_trait::async_trait;
use platform::{
    api::Routes,
    app::{App, Service},
    mysql,
    start::StartError,
};

use crate::{adapters, api, jobs, migrate, parts::Shared, settings::Settings};

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
        let adapters = adapters::servers(settings)?;
        let pool = adapters.shared.pool.clone();
        let mut service = Service::new(adapters.shared.clone()).ready(mysql::probe(pool));
        for job in jobs::all(&adapters.shared).into_iter().chain(adapters.jobs) {
            service = service.job(job);
        }
        Ok(service)
    }
}
