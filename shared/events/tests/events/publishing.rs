//! The relay on a real outbox and a real log.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use events::{
    consumer::{Consumer, ConsumerSettings, Handler, Record, Verdict},
    event_log::{LanePublisher, NewRecord, PublishError},
    outbox::{self, NewEvent},
    relay::{CurrentRecord, CurrentState, Relay, RelaySettings},
};
use platform::{causes::BoxError, mysql::Tx, settings::section};

use crate::stack::{Database, Running, drop_topic, log, topic, unique, until};

/// Keeps what it is given.
#[derive(Default)]
pub(crate) struct Keeps(pub(crate) Mutex<Vec<Record>>);

#[async_trait]
impl Handler for Keeps {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        self.0.lock().unwrap().extend_from_slice(records);
        records.iter().map(|_| Verdict::Done).collect()
    }
}

fn quick() -> RelaySettings {
    RelaySettings {
        lease_ms: 2_000,
        batch: 50,
        poll_ms: 100,
        full_scan_ms: 500,
        settle_ms: 200,
        ..section("relay", []).unwrap()
    }
}

pub(crate) fn event(topic: &str, key: &str, version: i64) -> NewEvent {
    NewEvent {
        topic: topic.to_owned(),
        key: key.to_owned(),
        hotel: None,
        partition_key: key.to_owned(),
        version,
        payload: Some(format!("{key}@{version}").into_bytes()),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
    }
}

pub(crate) async fn write(database: &Database, events: &[NewEvent]) {
    let mut tx = Tx::begin(&database.pool).await.unwrap();
    outbox::insert(tx.conn(), events).await.unwrap();
    tx.commit().await.unwrap();
}

async fn drained(database: &Database) {
    until("the outbox is published", || async { outbox::unpublished(&database.pool).await.unwrap() == 0 })
        .await;
}

/// Reads the whole topic in a group of its own.
async fn everything(topic: &str) -> Vec<Record> {
    let kept = Arc::new(Keeps::default());
    let handler: Arc<dyn Handler> = kept.clone();
    let consumer = Consumer::new(log(), ConsumerSettings::of(unique("group"), topic).unwrap(), handler);
    let state = consumer.state();
    let running = Running::start(vec![consumer.job()]);
    until("the reader has caught up", || async { state.caught_up() }).await;
    running.stop().await;
    let records = kept.0.lock().unwrap();
    records.clone()
}

fn versions_by_key(records: &[Record]) -> BTreeMap<String, Vec<i64>> {
    let mut all: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for record in records {
        all.entry(record.key.clone()).or_default().push(record.version().unwrap());
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_committed_transaction_are_published_in_order_per_key_with_their_trace() {
    let (database, topic) = (Database::create().await, topic(3).await);
    let relay = Relay::new(unique("relay"), database.pool.clone(), log(), quick());
    let running = Running::start(vec![relay.job(), relay.purge_job()]);
    for version in 1..=5 {
        let events: Vec<_> = (0..40).map(|key| event(&topic, &format!("hotel/{key}"), version)).collect();
        write(&database, &events).await;
        relay.wake().wake();
    }
    drained(&database).await;
    running.stop().await;

    let records = everything(&topic).await;
    let keys = versions_by_key(&records);
    assert_eq!(keys.len(), 40);
    assert!(keys.values().all(|versions| *versions == [1, 2, 3, 4, 5]), "{keys:?}");
    let first = records.first().unwrap();
    assert!(first.traceparent().unwrap().contains("4bf92f3577b34da6a3ce929d0e0e4736"));
    assert_eq!(first.payload.as_deref().unwrap(), format!("{}@1", first.key).as_bytes());
    let expected = delivery::partition_of(first.key.as_bytes(), 3);
    assert_eq!(first.partition, expected);
    drop_topic(&topic).await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolled_back_transaction_publishes_nothing() {
    let (database, topic) = (Database::create().await, topic(1).await);
    let mut tx = Tx::begin(&database.pool).await.unwrap();
    outbox::insert(tx.conn(), &[event(&topic, "a", 1)]).await.unwrap();
    tx.rollback().await.unwrap();
    write(&database, &[event(&topic, "b", 1)]).await;
    let relay = Relay::new(unique("relay"), database.pool.clone(), log(), quick());
    let running = Running::start(vec![relay.job()]);
    drained(&database).await;
    running.stop().await;
    let keys: Vec<_> = everything(&topic).await.into_iter().map(|record| record.key).collect();
    assert_eq!(keys, ["b"]);
    drop_topic(&topic).await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_goes_on_where_a_killed_one_stopped() {
    let (database, topic) = (Database::create().await, topic(3).await);
    let name = unique("relay");
    let first = Relay::new(&name, database.pool.clone(), log(), quick());
    let killed = Running::start(vec![first.job()]);
    for version in 1..=10 {
        let events: Vec<_> = (0..20).map(|key| event(&topic, &key.to_string(), version)).collect();
        write(&database, &events).await;
        first.wake().wake();
    }
    until("something is published", || async { outbox::unpublished(&database.pool).await.unwrap() < 200 })
        .await;
    killed.kill();
    let second = Relay::new(&name, database.pool.clone(), log(), quick());
    let running = Running::start(vec![second.job()]);
    drained(&database).await;
    running.stop().await;

    for (key, versions) in versions_by_key(&everything(&topic).await) {
        let mut newest = 0;
        for version in versions {
            assert!(version <= newest + 1, "{key}: {version} after {newest}");
            newest = newest.max(version);
        }
        assert_eq!(newest, 10, "{key} is complete");
    }
    drop_topic(&topic).await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fenced_publisher_publishes_nothing_more() {
    let topic = topic(1).await;
    let name = unique("lane");
    let record = |key: &str| NewRecord {
        topic: topic.clone(),
        key: key.to_owned(),
        partition_key: key.to_owned(),
        payload: Some(b"x".to_vec()),
        headers: BTreeMap::default(),
    };
    let log = log();
    let frozen: Box<dyn LanePublisher> = log.open_publisher(&name).await.unwrap();
    frozen.publish(vec![record("before")]).await.unwrap();
    let next = log.open_publisher(&name).await.unwrap();
    let refused = frozen.publish(vec![record("late")]).await;
    assert!(matches!(refused, Err(PublishError::Lost(_))), "{refused:?}");
    next.publish(vec![record("after")]).await.unwrap();
    let keys: Vec<_> = everything(&topic).await.into_iter().map(|record| record.key).collect();
    assert_eq!(keys, ["before", "after"]);
    drop_topic(&topic).await;
}

/// The nights as they are: 'b' is gone, of 'c' nothing is to be told.
struct Nights;

#[async_trait]
impl CurrentState for Nights {
    async fn read(&self, keys: &[String]) -> Result<Vec<CurrentRecord>, BoxError> {
        let told = keys.iter().filter(|key| *key != "c");
        let now = |key: &String| CurrentRecord {
            key: key.clone(),
            partition_key: "room".to_owned(),
            version: 7,
            payload: (key != "b").then(|| b"now".to_vec()),
        };
        Ok(told.map(now).collect())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_without_a_payload_tell_the_current_state_once_per_key_and_batch() {
    let (database, topic) = (Database::create().await, topic(3).await);
    let touched = |key: &str, version| NewEvent { payload: None, ..event(&topic, key, version) };
    write(&database, &[touched("a", 1), touched("a", 2), touched("a", 3), touched("b", 1), touched("c", 1)])
        .await;
    let relay = Relay::new(unique("relay"), database.pool.clone(), log(), quick())
        .with_source(&topic, Arc::new(Nights));
    let running = Running::start(vec![relay.job()]);
    drained(&database).await;
    running.stop().await;
    let mut told: Vec<_> =
        everything(&topic).await.into_iter().map(|r| (r.key.clone(), r.version(), r.payload)).collect();
    told.sort();
    assert_eq!(told, [("a".to_owned(), Some(7), Some(b"now".to_vec())), ("b".to_owned(), Some(7), None)]);
    drop_topic(&topic).await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_committed_late_with_a_small_id_is_published_by_the_full_scan() {
    let (database, topic) = (Database::create().await, topic(1).await);
    let relay = Relay::new(unique("relay"), database.pool.clone(), log(), quick());
    let running = Running::start(vec![relay.job()]);
    let mut slow = Tx::begin(&database.pool).await.unwrap();
    outbox::insert(slow.conn(), &[event(&topic, "k", 1)]).await.unwrap();
    write(&database, &[event(&topic, "k", 2)]).await;
    until("the mark passes the slow row", || async {
        let sql = "select count(*) from outbox_lanes where published_below > 1";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&database.pool).await.unwrap() > 0
    })
    .await;
    slow.commit().await.unwrap();
    drained(&database).await;
    running.stop().await;
    assert!(versions_by_key(&everything(&topic).await)["k"].contains(&1));
    drop_topic(&topic).await;
    database.drop().await;
}

#[tokio::test]
async fn counting_what_waits_reads_nothing_that_was_published() {
    let (database, topic) = (Database::create().await, unique("topic"));
    let events: Vec<_> = (0..500).map(|key| event(&topic, &key.to_string(), 1)).collect();
    write(&database, &events).await;
    sqlx::query("update outbox set published_at = now(6)").execute(&database.pool).await.unwrap();
    write(&database, &events[..7]).await;
    let mut conn = database.pool.acquire().await.unwrap();
    sqlx::query("flush status").execute(&mut *conn).await.unwrap();
    assert_eq!(outbox::unpublished(&mut *conn).await.unwrap(), 7);
    let reads: Vec<(String, String)> =
        sqlx::query_as("show session status like 'Handler_read%'").fetch_all(&mut *conn).await.unwrap();
    let read: u64 = reads.iter().map(|(_, count)| count.parse::<u64>().unwrap()).sum();
    assert!(read < 30, "{reads:?}");
    drop(conn);
    database.drop().await;
}

#[tokio::test]
async fn everything_about_a_hotel_goes_through_the_lane_of_its_share() {
    let database = Database::create().await;
    let hotel: domain::HotelId = "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e71".parse().unwrap();
    let events: Vec<_> =
        (0..20).map(|key| NewEvent { hotel: Some(hotel), ..event("t", &key.to_string(), 1) }).collect();
    write(&database, &events).await;
    let lanes: Vec<u8> =
        sqlx::query_scalar("select distinct lane from outbox").fetch_all(&database.pool).await.unwrap();
    assert_eq!(lanes, [hotel.share() % delivery::LANES]);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn published_rows_are_deleted_after_their_time_and_others_never() {
    let (database, topic) = (Database::create().await, topic(1).await);
    let settings = RelaySettings { retention_s: 0, purge_chunk: 2, ..quick() };
    let relay = Relay::new(unique("relay"), database.pool.clone(), log(), settings);
    let events: Vec<_> = (0..9).map(|key| event(&topic, &key.to_string(), 1)).collect();
    write(&database, &events).await;
    let purging = Running::start(vec![relay.purge_job()]);
    let publishing = Running::start(vec![relay.job()]);
    until("all published rows are gone", || async {
        sqlx::query_scalar::<_, i64>("select count(*) from outbox").fetch_one(&database.pool).await.unwrap()
            == 0
    })
    .await;
    publishing.stop().await;
    purging.stop().await;
    assert_eq!(everything(&topic).await.len(), 9);
    drop_topic(&topic).await;
    database.drop().await;
}
