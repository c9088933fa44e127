//! Several copies of one relay: they share its lanes, and take over from each other.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use events::{
    event_log::{EventLog, LanePublisher, LogUnavailable, NewRecord, PublishError, Subscribe, Subscription},
    kafka::{Kafka, KafkaSettings},
    outbox,
    relay::{Relay, RelaySettings},
};
use platform::settings::section;

use crate::{
    publishing::{event, write},
    stack::{Database, Running, drop_topic, log, topic, unique, until},
};

const LEASE: Duration = Duration::from_secs(4);

fn settings() -> RelaySettings {
    RelaySettings { lease_ms: 4_000, poll_ms: 200, ..section("relay", []).unwrap() }
}

/// How many lanes each owner holds, fewest first.
async fn held(database: &Database) -> Vec<u64> {
    let sql = "select owner from outbox_lanes where owner is not null and lease_until > now(6)";
    let owners: Vec<String> = sqlx::query_scalar(sql).fetch_all(&database.pool).await.unwrap();
    let mut lanes: BTreeMap<String, u64> = BTreeMap::new();
    for owner in owners {
        *lanes.entry(owner).or_default() += 1;
    }
    let mut counts: Vec<u64> = lanes.into_values().collect();
    counts.sort_unstable();
    counts
}

async fn holding(database: &Database, wanted: &[u64]) {
    until(&format!("lanes are shared as {wanted:?}"), || async { held(database).await == wanted }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_share_the_lanes_and_take_over_from_one_that_stops_or_dies() {
    let database = Database::create().await;
    let name = unique("relay");
    let start = || Running::start(vec![Relay::new(&name, database.pool.clone(), log(), settings()).job()]);
    let first = start();
    holding(&database, &[4]).await;
    let second = start();
    holding(&database, &[2, 2]).await;
    let third = start();
    holding(&database, &[1, 1, 2]).await;
    let stopped = Instant::now();
    third.stop().await;
    holding(&database, &[2, 2]).await;
    assert!(stopped.elapsed() < LEASE, "a stop in order waits for no lease: {:?}", stopped.elapsed());
    let killed = Instant::now();
    first.kill();
    holding(&database, &[4]).await;
    assert!(killed.elapsed() < LEASE * 2, "within the lease and a look: {:?}", killed.elapsed());
    second.stop().await;
    holding(&database, &[]).await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_does_not_reach_kafka_leaves_the_lanes_to_one_that_does() {
    let (database, topic) = (Database::create().await, topic(3).await);
    let name = unique("relay");
    let cut_off = KafkaSettings { request_timeout_ms: 1_000, ..KafkaSettings::at("127.0.0.1:1").unwrap() };
    let cut_off = Relay::new(&name, database.pool.clone(), Arc::new(Kafka::new(cut_off)), settings());
    let lonely = Running::start(vec![cut_off.job()]);
    let events: Vec<_> = (0..20).map(|key| event(&topic, &key.to_string(), 1)).collect();
    write(&database, &events).await;
    let healthy = Running::start(vec![Relay::new(&name, database.pool.clone(), log(), settings()).job()]);
    until("the healthy one publishes", || async { outbox::unpublished(&database.pool).await.unwrap() == 0 })
        .await;
    holding(&database, &[4]).await;
    healthy.stop().await;
    lonely.stop().await;
    drop_topic(&topic).await;
    database.drop().await;
}

/// Kafka, until it takes no more from those whose name ends so: by nothing, from nobody.
#[derive(Clone)]
struct Cuttable {
    log: Arc<dyn EventLog>,
    cut: Arc<Mutex<Option<&'static str>>>,
}

impl Cuttable {
    fn new() -> Self {
        Self { log: log(), cut: Arc::default() }
    }

    fn cut(&self, ending: Option<&'static str>) {
        *self.cut.lock().unwrap() = ending;
    }

    fn takes(&self, name: &str) -> Result<(), PublishError> {
        let cut = self.cut.lock().unwrap().is_some_and(|ending| name.ends_with(ending));
        if cut { Err(PublishError::Unavailable("cut off".into())) } else { Ok(()) }
    }
}

struct CuttablePublisher {
    name: String,
    inner: Box<dyn LanePublisher>,
    log: Cuttable,
}

#[async_trait]
impl LanePublisher for CuttablePublisher {
    async fn publish(&self, records: Vec<NewRecord>) -> Result<(), PublishError> {
        self.log.takes(&self.name)?;
        self.inner.publish(records).await
    }
}

#[async_trait]
impl EventLog for Cuttable {
    async fn open_publisher(&self, name: &str) -> Result<Box<dyn LanePublisher>, PublishError> {
        self.takes(name)?;
        let (name, inner) = (name.to_owned(), self.log.open_publisher(name).await?);
        Ok(Box::new(CuttablePublisher { name, inner, log: self.clone() }))
    }

    async fn append(&self, record: NewRecord) -> Result<(), LogUnavailable> {
        self.log.append(record).await
    }

    async fn subscribe(&self, subscribe: Subscribe) -> Result<Subscription, LogUnavailable> {
        self.log.subscribe(subscribe).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_cut_off_from_kafka_while_it_holds_lanes_gives_them_up() {
    let (database, topic) = (Database::create().await, topic(3).await);
    let name = unique("relay");
    let cuttable = Cuttable::new();
    let first = Relay::new(&name, database.pool.clone(), Arc::new(cuttable.clone()), settings());
    let first = Running::start(vec![first.job()]);
    holding(&database, &[4]).await;
    let second = Running::start(vec![Relay::new(&name, database.pool.clone(), log(), settings()).job()]);
    holding(&database, &[2, 2]).await;
    cuttable.cut(Some(""));
    published_in_all_lanes(&database, &topic, 1).await;
    holding(&database, &[4]).await;
    cuttable.cut(None);
    holding(&database, &[2, 2]).await;
    first.stop().await;
    second.stop().await;
    drop_topic(&topic).await;
    database.drop().await;
}

/// The topic's events are in all lanes, and all are published.
async fn published_in_all_lanes(database: &Database, topic: &str, version: i64) {
    let events: Vec<_> = (0..20).map(|key| event(topic, &key.to_string(), version)).collect();
    write(database, &events).await;
    until("all is published", || async { outbox::unpublished(&database.pool).await.unwrap() == 0 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_reaches_kafka_and_cannot_publish_one_lane_leaves_that_one_to_another_for_a_while() {
    let (database, topic) = (Database::create().await, topic(3).await);
    let name = unique("relay");
    let soon = RelaySettings { lease_ms: 1_000, ..settings() };
    let cuttable = Cuttable::new();
    cuttable.cut(Some("-0"));
    let first = Relay::new(&name, database.pool.clone(), Arc::new(cuttable.clone()), soon.clone());
    let first = Running::start(vec![first.job()]);
    holding(&database, &[3]).await;
    let second = Running::start(vec![Relay::new(&name, database.pool.clone(), log(), soon).job()]);
    published_in_all_lanes(&database, &topic, 1).await;
    cuttable.cut(None);
    holding(&database, &[2, 2]).await;
    published_in_all_lanes(&database, &topic, 2).await;
    first.stop().await;
    second.stop().await;
    drop_topic(&topic).await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_nobody_can_publish_is_published_once_somebody_can_again() {
    let (database, topic) = (Database::create().await, topic(3).await);
    let cuttable = Cuttable::new();
    cuttable.cut(Some("-0"));
    let start = |name: &str| {
        let log = Arc::new(cuttable.clone());
        Running::start(vec![Relay::new(name, database.pool.clone(), log, settings()).job()])
    };
    let name = unique("relay");
    let (first, second) = (start(&name), start(&name));
    let parted = "select count(*) from outbox_parted where lane = 0";
    until("both parted with the lane", || async {
        sqlx::query_scalar::<_, i64>(parted).fetch_one(&database.pool).await.unwrap() == 2
    })
    .await;
    cuttable.cut(None);
    published_in_all_lanes(&database, &topic, 1).await;
    first.stop().await;
    second.stop().await;
    drop_topic(&topic).await;
    database.drop().await;
}
