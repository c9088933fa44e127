//! The only place that chooses servers.

use std::{sync::Arc, time::Duration};

use events::{
    consumer::{Consumer, ConsumerSettings, Handler},
    event_log::EventLog,
    kafka::Kafka,
    topics::{self, TopicSpec},
};
use platform::{
    app::Service,
    clock::{Clock, SystemClock},
    start::StartError,
};

use crate::{
    completeness::Completeness,
    consumers::{availability_events::AvailabilityEvents, hotel_events::HotelEvents},
    freshness::Freshness,
    index::{
        Index,
        elastic::{ElasticIndex, Wire, indices::Indices},
    },
    merge::Merger,
    parts::{Parts, Shared},
    settings::Settings,
};

/// The service on Elasticsearch and Kafka. Neither has to answer yet.
pub fn servers(settings: &Settings) -> Result<Service<Shared>, StartError> {
    let index = index(settings)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let kafka = Kafka::new(settings.kafka.clone());
    let read = [&settings.hotel_consumer, &settings.availability_consumer];
    let indices = indices(settings, wire(settings)?)?;
    let groups = read.map(|consumer| (consumer.group.clone(), consumer.topic.clone()));
    let note = Duration::from_millis(settings.freshness.note_ms);
    let completeness = Completeness::new(indices.clone(), kafka.clone(), &groups, note);
    let merger = Merger::new(Arc::clone(&index), Arc::clone(&clock));
    let consumers = consumers(&kafka, read, &merger, &completeness);
    let freshness = Freshness::of(consumers.iter().map(Consumer::state).collect());
    let lag = freshness.job(kafka, &settings.freshness, read);
    let mapping = freshness.mapping_job(indices, &settings.freshness);
    let complete = completeness.job(&freshness);
    let parts = Arc::new(Parts { index, clock, freshness });
    let service = Service::new(parts).job(lag).job(mapping).job(complete);
    Ok(consumers.iter().fold(service, |service, consumer| service.job(consumer.job())))
}

/// The index that the alias names.
pub(crate) fn index(settings: &Settings) -> Result<Arc<dyn Index>, StartError> {
    Ok(Arc::new(ElasticIndex::by_alias(wire(settings)?, &settings.index.alias)))
}

/// Makes what search stands on: the index with its alias, and the topics that are missing.
pub async fn migrate(settings: &Settings) -> Result<(), StartError> {
    let indices = indices(settings, wire(settings)?)?;
    let other =
        indices.ensure().await.map_err(|error| StartError::failed("making the search index", error))?;
    if !other.is_empty() {
        let says =
            format!("its fields {} mean something else now: run vacancy admin reindex", other.join(", "));
        return Err(StartError::failed("bringing the search index up to date", says));
    }
    let (hotels, nights) = (&settings.hotel_consumer.topic, &settings.availability_consumer.topic);
    let wanted = [
        TopicSpec::new(hotels, settings.topics.hotel_partitions).compacted(),
        TopicSpec::dead_letters_of(hotels),
        TopicSpec::new(nights, settings.topics.availability_partitions).compacted(),
        TopicSpec::dead_letters_of(nights),
    ];
    let kafka = Kafka::new(settings.kafka.clone());
    topics::ensure(&kafka, &wanted).await.map_err(|error| StartError::failed("making the topics", error))
}

/// The handler of a group of ours, for replaying its dead letters; none for a group that is not ours.
pub fn handler_of(settings: &Settings, group: &str) -> Result<Option<Arc<dyn Handler>>, StartError> {
    let merger = Merger::new(index(settings)?, Arc::new(SystemClock));
    Ok(if group == settings.hotel_consumer.group {
        Some(Arc::new(HotelEvents::new(merger)))
    } else if group == settings.availability_consumer.group {
        Some(Arc::new(AvailabilityEvents::new(merger)))
    } else {
        None
    })
}

pub(crate) fn wire(settings: &Settings) -> Result<Arc<Wire>, StartError> {
    let wire = Wire::new(&settings.elasticsearch);
    wire.map(Arc::new).map_err(|error| StartError::failed("making a client of Elasticsearch", error))
}

pub(crate) fn indices(settings: &Settings, wire: Arc<Wire>) -> Result<Indices, StartError> {
    let body = migrations::search_mapping(settings.index.shards, settings.index.replicas);
    let body = body.map_err(|error| StartError::failed("reading the index's mapping", error))?;
    Ok(Indices::new(wire, &settings.index.alias, body))
}

fn consumers(
    kafka: &Kafka,
    settings: [&ConsumerSettings; 2],
    merger: &Merger,
    completeness: &Completeness,
) -> [Consumer; 2] {
    let log: Arc<dyn EventLog> = Arc::new(kafka.clone());
    let [hotels, nights] = settings.map(Clone::clone);
    let hears_hotels = completeness.before(Arc::new(HotelEvents::new(merger.clone())));
    let hears_nights = completeness.before(Arc::new(AvailabilityEvents::new(merger.clone())));
    [Consumer::new(Arc::clone(&log), hotels, hears_hotels), Consumer::new(log, nights, hears_nights)]
}
