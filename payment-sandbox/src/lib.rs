//! A payment provider to develop against: hosted checkout, signed callbacks, scripted trouble.
//!
//! A request becomes a decision (`domain`), which is a list of entries; the store appends them to the journal, applies
//! them to the book, and only then answers (`store`, `journal`). Jobs send callbacks and end sessions.

#![expect(missing_docs, reason = "no library: docs stand where they say more than the name")]

pub mod api;
pub mod domain;
pub mod jobs;
pub mod journal;
pub mod page;
pub mod parts;
pub mod settings;
pub mod store;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use platform::{
    api::Routes,
    app::{App, Service},
    http_client::http_client,
    start::StartError,
};

use crate::{
    domain::link::Links,
    jobs::deliver::Courier,
    page::Pages,
    parts::{Parts, Shared},
    settings::Settings,
    store::Store,
};

/// payment-sandbox.
#[derive(Debug, Clone, Copy)]
pub struct SandboxApp;

#[async_trait]
impl App for SandboxApp {
    const NAME: &'static str = "payment-sandbox";
    const ENV: &'static str = "SANDBOX";
    const DEFAULT_TOML: &'static str = include_str!("../config.default.toml");
    type Settings = Settings;
    type State = Shared;

    fn routes() -> Routes<Shared> {
        api::routes()
    }

    /// The journal is made by the first start.
    async fn migrate(_: &Settings) -> Result<(), StartError> {
        Ok(())
    }

    async fn start(settings: Settings) -> Result<Service<Shared>, StartError> {
        let patience = Duration::from_millis(settings.data.lock_wait_ms);
        let store = Store::open(&settings.data.folder, patience)
            .await
            .map_err(|error| StartError::failed("opening the journal", error))?;
        let store = Arc::new(store);
        let timeout = Duration::from_millis(settings.callbacks.timeout_ms);
        let client =
            http_client(timeout).map_err(|error| StartError::failed("making an HTTP client", error))?;
        let courier = Courier::new(client, settings.callbacks.clone(), Arc::clone(&store));
        let clockwork = jobs::clockwork::job(Arc::clone(&store), settings.jobs.clockwork_ms);
        let links = Links::new(settings.checkout.secret.expose().as_bytes())
            .ok_or_else(|| StartError::failed("reading checkout.secret", "it cannot key an HMAC"))?;
        let pages = Pages::new().map_err(|error| StartError::failed("reading the templates", error))?;
        let parts = Arc::new(Parts { store, links, pages, settings });
        Ok(Service::new(parts).job(courier.job()).job(clockwork))
    }
}
