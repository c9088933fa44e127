//! The one place that chooses what stands behind the archiver.

use std::sync::Arc;

use domain::booking::BookingStatus;
use events::{
    consumer::{Consumer, Handler},
    kafka::Kafka,
};
use platform::{
    app::Service, clock::DbClock, mysql, pace::Wake, readiness::ReadinessProbe, start::StartError,
};
use records::{ActiveBookings, archive::cassandra::CassandraArchive};

use crate::{
    archiver::Archiver,
    consumers::booking_events::BookingEvents,
    jobs::{self, copying::Copying, walking::Walking},
    progress::Progress,
    settings::Settings,
};

/// The service on `MySQL`, Cassandra and Kafka. Nothing here waits for them: each is connected to when it is used.
pub fn servers(settings: &Settings) -> Result<Service<()>, StartError> {
    let (archiver, database) = archiver(settings)?;
    let progress = Progress::new(archiver.active().pool().clone());
    let ended = Wake::default();
    let log = Arc::new(Kafka::new(settings.kafka.clone()));
    let events = booking_events(archiver.clone(), ended.clone(), settings);
    let consumer = Consumer::new(log, settings.consumer.clone(), Arc::new(events));
    Ok(Service::new(())
        .job(consumer.job())
        .job(jobs::copying::job(Copying::new(archiver.clone(), progress.clone(), settings.copying), ended))
        .job(jobs::walking::job(Walking::new(archiver.clone(), progress, settings.walking)))
        .job(jobs::purging::job(archiver.clone(), settings.purging, BookingStatus::Completed))
        .job(jobs::purging::job(archiver, settings.purging, BookingStatus::Cancelled))
        // Only MySQL: while the archive is down bookings stay where they are, and this service has no request to refuse.
        .ready(database))
}

/// What the group `archival` does with an event; the operator's replay of dead letters does the same.
pub fn handler(settings: &Settings) -> Result<Arc<dyn Handler>, StartError> {
    let (archiver, _) = archiver(settings)?;
    Ok(Arc::new(booking_events(archiver, Wake::default(), settings)))
}

const fn booking_events(archiver: Archiver, ended: Wake, settings: &Settings) -> BookingEvents {
    BookingEvents::new(archiver, ended, settings.amending.side_by_side, settings.purging)
}

/// The archiver of the settings' stores, and whether its database answers.
fn archiver(settings: &Settings) -> Result<(Archiver, ReadinessProbe), StartError> {
    let pool =
        mysql::connect(&settings.mysql).map_err(|error| StartError::failed("reading mysql.url", error))?;
    let database = mysql::probe(pool.clone());
    let clock = Arc::new(DbClock::new(pool.clone()));
    let archive = Arc::new(CassandraArchive::new(settings.cassandra.clone()));
    Ok((Archiver::new(ActiveBookings::new(pool), archive, clock), database))
}
