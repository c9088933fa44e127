//! Mail to travellers and hotels.
//!
//! Each event of `booking.events` becomes mails (`domain`), which are put into a queue in the notification database
//! (`consumers`, `store`). From there each is claimed, written in the booking's language (`letters`, `render`) and sent over
//! SMTP (`jobs`, `mailer`) on its own: put off when its address is deferred, given up in the end. A mail is sent again only
//! where its sending could not be recorded (a crash, a database that stays away) or the server's word came too late, and then
//! under the same Message-ID.

#![expect(missing_docs, reason = "no library: docs stand where they say more than the name")]

pub mod adapters;
pub mod consumers;
pub mod domain;
pub mod jobs;
pub mod letters;
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
