//! Managers' hotels and rooms, localities, facilities and the audit, published to hotel.events.
//!
//! A request is parsed (`api`), becomes a rule's decision (`domain`) and is written with its audit entry and its
//! event in one transaction (`store`); the relay publishes the event afterwards.

#![expect(missing_docs, reason = "no library: docs stand where they say more than the name")]

pub mod adapters;
pub mod api;
pub mod domain;
pub mod jobs;
pub mod migrate;
pub mod parts;
pub mod published;
pub mod republish;
pub mod seed;
pub mod settings;
pub mod store;

use async_trait::async_trait;
use platform::{
    api::Routes,
    app::{App, Service},
    start::StartError,
};

use crate::{parts::Shared, settings::Settings};

/// hotel-service.
#[derive(Debug, Clone, Copy)]
pub struct HotelApp;

#[async_trait]
impl App for HotelApp {
    const NAME: &'static str = "hotel-service";
    const ENV: &'static str = "HOTEL";
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
        adapters::servers(&settings)
    }
}
