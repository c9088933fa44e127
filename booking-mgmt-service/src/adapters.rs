//! The one place that chooses what stands behind the reads.

use std::sync::Arc;

use events::{
    consumer::{Consumer, Handler},
    kafka::Kafka,
};
use platform::{app::Service, clock::DbClock, mysql, redis, start::StartError};
use records::{ActiveBookings, BodyCache, archive::cassandra::CassandraArchive};

use crate::{
    consumers::booking_events::BookingEvents,
    parts::{Parts, Shared},
    reads::Reads,
    settings::Settings,
};

/// The service on `MySQL`, Cassandra, Redis and Kafka. Nothing here waits for them: each is connected to when it is used.
pub fn servers(settings: &Settings) -> Result<Service<Shared>, StartError> {
    let pool =
        mysql::connect(&settings.mysql).map_err(|error| StartError::failed("reading mysql.url", error))?;
    let archive = Arc::new(CassandraArchive::new(settings.cassandra.clone()));
    let clock = Arc::new(DbClock::new(pool.clone()));
    let reads =
        Reads::new(ActiveBookings::new(pool.clone()), archive, bodies(settings)?, settings.bodies.writers);
    let list = settings.hotel_list;
    let shared: Shared = Arc::new(Parts { reads, clock, list });
    let log = Arc::new(Kafka::new(settings.kafka.clone()));
    let consumer = Consumer::new(log, settings.consumer.clone(), handler(settings)?);
    // Only MySQL is a must: without the archive lists are partial, without Redis reads are slower.
    Ok(Service::new(shared).job(consumer.job()).ready(mysql::probe(pool)))
}

/// What the group `mgmt-cache` does with an event; the operator's replay of dead letters does the same.
pub fn handler(settings: &Settings) -> Result<Arc<dyn Handler>, StartError> {
    Ok(Arc::new(BookingEvents::new(bodies(settings)?)))
}

/// The cache of the settings' Redis.
fn bodies(settings: &Settings) -> Result<BodyCache, StartError> {
    let redis =
        redis::connect(&settings.redis).map_err(|error| StartError::failed("reading redis.url", error))?;
    Ok(BodyCache::new(redis, settings.bodies.keep_seconds.saturating_mul(1_000)))
}
