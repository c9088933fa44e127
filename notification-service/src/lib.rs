//! Mail to travellers and hotels.
//!
//! Each event of `booking.events` becomes mails (`domain`), which are written in the booking's language (`render`), claimed
//! in the notification database (`store`), sent over SMTP (`mailer`) and recorded as sent. A mail is sent again only after
//! a crash between sending and recording, and then under the same Message-ID.

pub mod adapters;
pub mod consumers;
pub mod domain;
pub mod jobs;
pub mod mailer;
pub mod migrate;
pub mod render;
pub mod settings;
pub mod store;

use async_trait::async_trait;
use platform::{
    api::Routes,
    app::{App, Service},
    start::StartError,
};

use crate::settings::Settings;

/// notification-service.
#[derive(Debug, Clone, Copy)]
pub struct NotificationApp;

#[async_trait]
impl App for NotificationApp {
    const NAME: &'static str = "notification-service";
    const ENV: &'static str = "NOTIFICATION";
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
