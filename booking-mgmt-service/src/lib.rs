//! Every read of bookings: active from MySQL, past from Cassandra, bodies from Redis.
//!
//! MySQL's primary is asked first on each request, so a booking is seen on the read after it was made; the archive second;
//! both are merged by id and the higher version wins (architecture.md, Reads of bookings). Nothing here writes a store: Redis
//! only keeps bodies that are used at exactly the version MySQL says.

pub mod adapters;
pub mod api;
pub mod consumers;
pub mod parts;
pub mod reads;
pub mod settings;

use async_trait::async_trait;
use platform::{
    api::Routes,
    app::{App, Service},
    start::StartError,
};

use crate::{parts::Shared, settings::Settings};

/// booking-mgmt-service.
#[derive(Debug, Clone, Copy)]
pub struct MgmtApp;

#[async_trait]
impl App for MgmtApp {
    const NAME: &'static str = "booking-mgmt-service";
    const ENV: &'static str = "BOOKING_MGMT";
    const DEFAULT_TOML: &'static str = include_str!("../config.default.toml");
    type Settings = Settings;
    type State = Shared;

    fn routes() -> Routes<Shared> {
        api::routes()
    }

    /// Nothing of its own: booking-service makes the database, its user `mgmt` and the topics, archival-service the keyspace.
    async fn migrate(_: &Settings) -> Result<(), StartError> {
        Ok(())
    }

    async fn start(settings: Settings) -> Result<Service<Shared>, StartError> {
        adapters::servers(&settings)
    }
}
