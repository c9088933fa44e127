//! The one place that chooses what stands behind the service.

use std::sync::Arc;

use events::{
    consumer::{Consumer, Handler},
    kafka::Kafka,
};
use platform::{app::Service, mysql, start::StartError};
use sqlx::MySqlPool;

use crate::{
    consumers::booking_events::{BookingEvents, Sender},
    jobs,
    mailer::Mailer,
    render::Catalog,
    settings::Settings,
    store::SentMails,
};

/// The service on `MySQL`, Kafka and SMTP. Nothing here waits for them: each is connected to when it is used.
pub fn servers(settings: &Settings) -> Result<Service<()>, StartError> {
    let pool = pool(settings)?;
    let sent = SentMails::new(pool.clone(), settings.sending.lease_ms);
    let log = Arc::new(Kafka::new(settings.kafka.clone()));
    let consumer = Consumer::new(log, settings.consumer.clone(), handler_on(settings, sent.clone())?);
    Ok(Service::new(())
        .job(consumer.job())
        .job(jobs::forgetting::job(sent, settings.retention))
        // Only the database: while the mail server or Kafka is away mails wait, and this service has no request to refuse.
        .ready(mysql::probe(pool)))
}

/// The group's handler alone, as for a replay of its dead letters.
pub fn handler(settings: &Settings) -> Result<Arc<dyn Handler>, StartError> {
    handler_on(settings, SentMails::new(pool(settings)?, settings.sending.lease_ms))
}

fn pool(settings: &Settings) -> Result<MySqlPool, StartError> {
    mysql::connect(&settings.mysql).map_err(|error| StartError::failed("reading mysql.url", error))
}

fn handler_on(settings: &Settings, sent: SentMails) -> Result<Arc<dyn Handler>, StartError> {
    let catalog = Catalog::new().map_err(|error| StartError::failed("reading the templates", error))?;
    let mailer =
        Mailer::new(&settings.smtp).map_err(|error| StartError::failed("reading smtp.url", error))?;
    let from = settings
        .mail
        .from
        .parse()
        .map_err(|error: lettre::address::AddressError| StartError::failed("reading mail.from", error))?;
    let sender = Sender { from, hotel_language: settings.mail.hotel_language.clone() };
    Ok(Arc::new(BookingEvents::new(catalog, mailer, sent, sender)))
}
