//! The one place that chooses what stands behind the service.

use std::sync::Arc;

use domain::Language;
use events::{
    consumer::{Consumer, Handler},
    kafka::Kafka,
};
use platform::{app::Service, mysql, pace::Wake, start::StartError};
use sqlx::MySqlPool;

use crate::{
    consumers::booking_events::BookingEvents,
    jobs::{self, sending::Sending},
    letters::{Letters, Sender},
    mailer::Mailer,
    render::Catalog,
    settings::Settings,
    store::{DailyLimits, Mails},
};

/// The service on `MySQL`, Kafka and SMTP. Nothing here waits for them: each is connected to when it is used.
pub fn servers(settings: &Settings) -> Result<Service<()>, StartError> {
    let pool = pool(settings)?;
    let (mails, letters, wake) = (queue_on(settings, &pool), letters(settings)?, Wake::default());
    let mailer =
        Mailer::new(&settings.smtp).map_err(|error| StartError::failed("reading smtp.url", error))?;
    let log = Arc::new(Kafka::new(settings.kafka.clone()));
    let queue =
        BookingEvents::new(letters.clone(), mails.clone(), settings.sending.most_waiting, wake.clone());
    let consumer = Consumer::new(log, settings.consumer.clone(), Arc::new(queue));
    Ok(Service::new(())
        .job(consumer.job())
        .job(Sending::new(mails.clone(), letters, mailer, settings.sending).job(wake))
        .job(jobs::gauges::job(mails.clone(), settings.sending))
        .job(jobs::forgetting::job(mails, settings.retention))
        // Only the database: while the mail server or Kafka is away mails wait, and this service has no request to refuse.
        .ready(mysql::probe(pool)))
}

/// The group's handler alone, as for a replay of its dead letters: it queues, the running service sends.
pub fn handler(settings: &Settings) -> Result<Arc<dyn Handler>, StartError> {
    let mails = mails(settings)?;
    let most_waiting = settings.sending.most_waiting;
    Ok(Arc::new(BookingEvents::new(letters(settings)?, mails, most_waiting, Wake::default())))
}

fn pool(settings: &Settings) -> Result<MySqlPool, StartError> {
    mysql::connect(&settings.mysql).map_err(|error| StartError::failed("reading mysql.url", error))
}

/// The queue alone, as for an operator who looks at what was given up.
pub fn mails(settings: &Settings) -> Result<Mails, StartError> {
    Ok(queue_on(settings, &pool(settings)?))
}

fn queue_on(settings: &Settings, pool: &MySqlPool) -> Mails {
    let limits = DailyLimits {
        per_recipient: settings.limits.unpaid_per_recipient_and_day,
        per_caller: settings.limits.unpaid_per_caller_and_day,
    };
    Mails::new(pool.clone(), limits)
}

fn letters(settings: &Settings) -> Result<Arc<Letters>, StartError> {
    let catalog = Catalog::new().map_err(|error| StartError::failed("reading the templates", error))?;
    let from = settings
        .mail
        .from
        .parse()
        .map_err(|error: lettre::address::AddressError| StartError::failed("reading mail.from", error))?;
    let hotel_language = settings.mail.hotel_language.as_deref().map(Language::parse).transpose();
    let hotel_language =
        hotel_language.map_err(|error| StartError::failed("reading mail.hotel_language", error))?;
    let sender = Sender { from, hotel_language };
    Ok(Arc::new(Letters::new(catalog, sender)))
}
