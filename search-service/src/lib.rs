//! Rooms found by place, dates, price and tags, typos forgiven.
//!
//! Events are read (`consumers`), merged into one document per room (`merge`, `domain::document`) and stored under a
//! guard (`index`); a search is parsed (`api::parameters`), run (`find`) and rendered (`api`). `reindex` starts over.

#![expect(missing_docs, reason = "no library: docs stand where they say more than the name")]

pub mod adapters;
pub mod api;
pub mod completeness;
pub mod consumers;
pub mod domain;
pub mod find;
pub mod freshness;
pub mod index;
pub mod merge;
pub mod parts;
pub mod reindex;
pub mod settings;

use async_trait::async_trait;
use platform::{
    api::Routes,
    app::{App, Service},
    start::StartError,
};

use crate::{parts::Shared, settings::Settings};

/// search-service.
#[derive(Debug, Clone, Copy)]
pub struct SearchApp;

#[async_trait]
impl App for SearchApp {
    const NAME: &'static str = "search-service";
    const ENV: &'static str = "SEARCH";
    const DEFAULT_TOML: &'static str = include_str!("../config.default.toml");
    type Settings = Settings;
    type State = Shared;

    fn routes() -> Routes<Shared> {
        api::routes()
    }

    async fn migrate(settings: &Settings) -> Result<(), StartError> {
        adapters::migrate(settings).await
    }

    async fn start(settings: Settings) -> Result<Service<Shared>, StartError> {
        adapters::servers(&settings)
    }
}
