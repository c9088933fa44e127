//! All stores, with a small consistent world in them.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    EventId,
    event::{AvailabilityChanged, CloudEvent, Occurrence, kind, night_key, topic},
};
use events::{
    consumer::{Handler, Verdict},
    event_log::Record,
};
use migrations::{ARCHIVE, archive_keyspace};
use platform::{app::App, settings::Loader};
use scylla::client::{session::Session, session_builder::SessionBuilder};
use search_service::SearchApp;
use testkit::{elasticsearch, kafka, mysql};
use vacancy::admin::{
    Stores,
    settings::{DEFAULT_TOML, Settings},
};

use crate::world::World;

/// The defaults with these keys.
pub(crate) fn settings(set: &[(&str, &str)]) -> Settings {
    let loader = Loader::new(DEFAULT_TOML).set("cassandra.nodes", testkit::stack::cassandra_nodes());
    set.iter().fold(loader, |loader, (key, value)| loader.set(key, *value)).load().unwrap()
}

/// The settings of notification-service on that database.
pub(crate) fn notification_file(url: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    let text = format!("[mysql]\nurl = \"{url}\"\n[smtp]\nurl = \"{}\"\n", testkit::stack::smtp_url());
    std::fs::write(file.path(), text).unwrap();
    file
}

pub(crate) struct Stage {
    pub(crate) stores: Stores,
    pub(crate) world: World,
    pub(crate) hotel: mysql::Lease,
    pub(crate) booking: mysql::Lease,
    pub(crate) archive: Archive,
    pub(crate) search: search_service::settings::Settings,
    _index: elasticsearch::Lease,
    pub(crate) kafka: kafka::Lease,
    _notification: (mysql::Lease, tempfile::NamedTempFile),
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let (hotel, booking) = (mysql::hotel().await, mysql::booking().await);
        let (index, kafka) = (elasticsearch::lease().await, kafka::lease());
        for plain in [topic::HOTEL, topic::AVAILABILITY, topic::BOOKING] {
            kafka.topic(plain).await;
            kafka.topic(&format!("{plain}.dlq")).await;
        }
        let archive = Archive::make().await;
        let alias = index.name("rooms");
        let notification = mysql::notification().await;
        let file = notification_file(&notification.url);
        let settings = settings(&[
            ("mysql.hotel.url", &hotel.url),
            ("mysql.booking.url", &booking.url),
            ("kafka.brokers", &kafka.brokers),
            ("events.prefix", &kafka.prefix),
            ("elasticsearch.url", &index.url),
            ("elasticsearch.alias", &alias),
            ("cassandra.keyspace", &archive.keyspace),
            ("service_settings.notification", file.path().to_str().unwrap()),
        ]);
        let search = Loader::new(SearchApp::DEFAULT_TOML)
            .set("elasticsearch.urls", index.url.as_str())
            .set("index.alias", alias)
            .set("kafka.brokers", kafka.brokers.as_str())
            .set("hotel_consumer.topic", kafka.name(topic::HOTEL))
            .set("availability_consumer.topic", kafka.name(topic::AVAILABILITY))
            .load()
            .unwrap();
        SearchApp::migrate(&search).await.unwrap();
        let world = World::make(&hotel.pool, &booking.pool).await;
        world.archive(&archive.session).await;
        for event in &world.told {
            let version = event.version.to_string();
            let headers = [("version", version.as_str())];
            kafka.write(&kafka.name(&event.topic), &event.key, event.payload.as_deref(), &headers).await;
        }
        for group in ["archival", "mgmt-cache", "notification"] {
            kafka.catch_up(&kafka.name(group), &kafka.name(topic::BOOKING)).await;
        }
        let stores = Stores::new(settings).unwrap();
        let stage = Self {
            stores,
            world,
            hotel,
            booking,
            archive,
            search,
            _index: index,
            kafka,
            _notification: (notification, file),
        };
        stage.tell_search().await;
        stage
    }

    /// What the consumers of search do: every hotel, room and night.
    async fn tell_search(&self) {
        let hotels = self.handler("search-hotel");
        for (key, payload) in &self.world.hotel_events {
            handled(&*hotels, key.clone(), payload.clone()).await;
        }
        let nights = self.handler("search-availability");
        for night in &self.world.nights {
            let key = night_key(night.room_id, night.date);
            handled(&*nights, key.clone(), told(key, night)).await;
        }
    }

    fn handler(&self, group: &str) -> Arc<dyn Handler> {
        search_service::adapters::handler_of(&self.search, group).unwrap().unwrap()
    }
}

fn told(subject: String, night: &AvailabilityChanged) -> Vec<u8> {
    let (id, time) = (EventId::from_uuid(testkit::unique_uuid()), platform::clock::SystemClock.read());
    let occurrence = Occurrence { kind: kind::AVAILABILITY_CHANGED, subject, time };
    serde_json::to_vec(&CloudEvent::new(id, "/test", occurrence, night)).unwrap()
}

async fn handled(handler: &dyn Handler, key: String, payload: Vec<u8>) {
    let (topic, headers) = ("any".to_owned(), BTreeMap::new());
    let record = Record { topic, partition: 0, offset: 0, key, payload: Some(payload), headers };
    let verdicts = handler.handle(std::slice::from_ref(&record)).await;
    assert!(matches!(verdicts.as_slice(), [Verdict::Done]), "{} was not taken in", record.key);
}

/// A keyspace of its own: the auditor reads all of it.
pub(crate) struct Archive {
    pub(crate) session: Session,
    pub(crate) keyspace: String,
}

impl Archive {
    async fn make() -> Self {
        let keyspace = testkit::unique_word();
        let session =
            SessionBuilder::new().known_nodes(testkit::stack::cassandra_nodes()).build().await.unwrap();
        session.query_unpaged(archive_keyspace(&keyspace, 1), &[]).await.unwrap();
        session.use_keyspace(&keyspace, false).await.unwrap();
        for statement in ARCHIVE {
            session.query_unpaged(statement.cql, &[]).await.unwrap();
        }
        Self { session, keyspace }
    }

    pub(crate) async fn drop(&self) {
        self.session.query_unpaged(format!("drop keyspace {}", self.keyspace), &[]).await.unwrap();
    }
}
