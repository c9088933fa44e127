//! The one place that chooses adapters.

use std::sync::Arc;

use events::{kafka::Kafka, relay::Relay};
use platform::{app::Service, clock::SystemClock, ids::SystemIds, mysql, start::StartError};
use sqlx::MySqlPool;

use crate::{
    jobs::retention,
    parts::{Parts, Rules, Shared},
    settings::Settings,
    store::mysql::MySqlStore,
};

/// The service on `MySQL` and Kafka. Nothing here waits for them: both are connected to when they are used.
pub fn servers(settings: &Settings) -> Result<Service<Shared>, StartError> {
    let pool = pool(settings)?;
    let log = Arc::new(Kafka::new(settings.kafka.clone()));
    let relay = Relay::new(&settings.events.publisher, pool.clone(), log, settings.relay.clone());
    let store = Arc::new(MySqlStore::new(pool.clone(), Some(relay.wake()), settings.mysql_retry));
    let retention = retention::job(store.clone(), store.clone(), settings);
    Ok(Service::new(Arc::new(parts(&store, settings)))
        .job(relay.job())
        .job(relay.purge_job())
        .job(retention)
        .ready(mysql::probe(pool)))
}

/// A pool of the hotel database.
pub(crate) fn pool(settings: &Settings) -> Result<MySqlPool, StartError> {
    mysql::connect(&settings.mysql).map_err(|error| StartError::failed("reading the address of MySQL", error))
}

fn parts(store: &Arc<MySqlStore>, settings: &Settings) -> Parts {
    Parts {
        hotels: store.clone(),
        rooms: store.clone(),
        localities: store.clone(),
        facilities: store.clone(),
        audit: store.clone(),
        kept: store.clone(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        rules: Rules {
            region: settings.hotels.region.clone(),
            topic: settings.events.topic.clone(),
            most_event_bytes: settings.events.most_bytes,
            keep_answers_s: settings.idempotency.keep_seconds,
            most_hotels: settings.hotels.most_per_account,
            most_rooms: settings.hotels.most_rooms,
        },
    }
}
