//! The relay on a real outbox and a real log.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use domain::{HotelId, RoomId};
use events::{
    consumer::{Consumer, ConsumerSettings, Handler, Record, Verdict},
    event_log::{EventLog, LanePublisher, LogUnavailable, NewRecord, PublishError, Subscribe, Subscription},
    outbox::{self, BookingEntry, Entry, NewEvent, NightEntry},
    relay::{Relay, RelaySettings, Source},
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
        batch_records: 50,
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
        payload: Some(format!("\"{key}@{version}\"").into_bytes()),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
    }
}

pub(crate) async fn write(database: &Database, events: &[NewEvent]) {
    let mut tx = Tx::begin(&database.pool).await.unwrap();
    outbox::insert(tx.conn(), &entries(events)).await.unwrap();
    tx.commit().await.unwrap();
}

fn entries(events: &[NewEvent]) -> Vec<Entry> {
    events.iter().cloned().map(Entry::Record).collect()
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
    assert_eq!(first.payload.as_deref().unwrap(), format!("\"{}@1\"", first.key).as_bytes());
    let expected = delivery::partition_of(first.key.as_bytes(), 3);
    assert_eq!(first.partition, expected);
    drop_topic(&topic).await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolled_back_transaction_publishes_nothing() {
    let (database, topic) = (Database::create().await, topic(1).await);
    let mut tx = Tx::begin(&database.pool).await.unwrap();
    outbox::insert(tx.conn(), &entries(&[event(&topic, "a", 1)])).await.unwrap();
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
async fn a_lane_that_another_process_has_written_to_is_read_once_it_is_woken_however_seldom_it_is_looked_at()
{
    let (database, topic) = (Database::create().await, topic(1).await);
    let seldom = RelaySettings { lease_ms: 600_000, poll_ms: 600_000, full_scan_ms: 600_000, ..quick() };
    let relay = Relay::new(unique("relay"), database.pool.clone(), log(), seldom);
    write(&database, &[event(&topic, "a", 1)]).await;
    let running = Running::start(vec![relay.job()]);
    drained(&database).await;
    let next = event(&topic, "a", 2);
    write(&database, std::slice::from_ref(&next)).await;
    relay.wake_lane(next.lane());
    drained(&database).await;
    running.stop().await;
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

/// What the test's service knows: facts of bookings of an even version, and of room 1 that its nights are over.
struct Knows(String);

#[async_trait]
impl Source for Knows {
    async fn bookings(&self, entries: &[BookingEntry]) -> Result<Vec<Option<NewEvent>>, BoxError> {
        let told = |entry: &BookingEntry| NewEvent {
            payload: Some(entry.event.get().replace("null", "[]").into_bytes()),
            ..event(&self.0, &entry.booking_id.to_string(), entry.version)
        };
        Ok(entries.iter().map(|entry| (entry.version % 2 == 0).then(|| told(entry))).collect())
    }

    async fn nights(&self, entries: &[NightEntry]) -> Result<Vec<NewEvent>, BoxError> {
        let told = |night: &NightEntry| NewEvent {
            payload: (night.room_id != room(1)).then(|| b"{}".to_vec()),
            ..event(&self.0, &format!("{}/{}", night.room_id, night.date), 7)
        };
        Ok(entries.iter().map(told).collect())
    }
}

fn hotel() -> HotelId {
    "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e71".parse().unwrap()
}

fn room(number: u128) -> RoomId {
    RoomId::from_uuid(uuid::Uuid::from_u128(number))
}

fn night(number: u128, date: &str) -> Entry {
    let date = date.parse().unwrap();
    Entry::Night(NightEntry { hotel_id: hotel(), room_id: room(number), date, traceparent: None })
}

fn transition(booking: u128, version: i64) -> Entry {
    Entry::Booking(BookingEntry {
        hotel_id: hotel(),
        booking_id: uuid::Uuid::from_u128(booking).into(),
        version,
        event: serde_json::value::to_raw_value(&serde_json::json!({"facts": null})).unwrap(),
        facts: None,
        traceparent: None,
    })
}

async fn write_row(database: &Database, entries: &[Entry]) {
    let mut tx = Tx::begin(&database.pool).await.unwrap();
    outbox::insert(tx.conn(), entries).await.unwrap();
    tx.commit().await.unwrap();
}

/// Publishes what waits, and reads the topic: keys, versions and payloads, in order of the key.
async fn told(database: &Database, topic: &str) -> Vec<(String, i64, Option<String>)> {
    let relay = Relay::new(unique("relay"), database.pool.clone(), log(), quick())
        .with_source(Arc::new(Knows(topic.to_owned())));
    let running = Running::start(vec![relay.job()]);
    drained(database).await;
    running.stop().await;
    let text = |record: Record| {
        let payload = record.payload.clone().map(|payload| String::from_utf8(payload).unwrap());
        (record.key.clone(), record.version().unwrap(), payload)
    };
    let mut told: Vec<_> = everything(topic).await.into_iter().map(text).collect();
    told.sort();
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_is_told_as_it_is_once_per_batch_however_often_it_was_touched() {
    let (database, topic) = (Database::create().await, topic(3).await);
    write_row(&database, &[night(1, "2026-12-24"), night(2, "2026-12-24")]).await;
    write_row(&database, &[night(2, "2026-12-24"), night(2, "2026-12-25")]).await;
    let key = |number, date| format!("{}/{date}", room(number));
    let now = Some("{}".to_owned());
    let expected = [
        (key(1, "2026-12-24"), 7, None),
        (key(2, "2026-12-24"), 7, now.clone()),
        (key(2, "2026-12-25"), 7, now),
    ];
    assert_eq!(told(&database, &topic).await, expected);
    drop_topic(&topic).await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_told_is_kept_and_passed_and_stops_nothing() {
    let (database, topic) = (Database::create().await, topic(3).await);
    let unknown = "insert into outbox (lane, records, entries, created_at) values (0, ?, ?, now(6))";
    for (records, entries) in [(1, "no list"), (2, r#"[{"upgrade":{}},{"night":{}}]"#)] {
        sqlx::query(unknown).bind(records).bind(entries).execute(&database.pool).await.unwrap();
    }
    write_row(&database, &[transition(1, 2), transition(2, 3), transition(3, 4)]).await;
    let whole = Some(r#"{"facts":[]}"#.to_owned());
    let key = |booking| uuid::Uuid::from_u128(booking).to_string();
    assert_eq!(told(&database, &topic).await, [(key(1), 2, whole.clone()), (key(3), 4, whole)]);
    let sql =
        "select place, cast(entry as char), cast(why as char) from outbox_broken order by outbox_id, place";
    let broken: Vec<(u32, String, String)> = sqlx::query_as(sql).fetch_all(&database.pool).await.unwrap();
    let places: Vec<u32> = broken.iter().map(|(place, ..)| *place).collect();
    assert_eq!(places, [0, 0, 1, 1], "{broken:?}");
    let (_, entry, why) = &broken[3];
    assert!(entry.contains(&key(2)) && why.contains("nowhere"), "{broken:?}");
    drop_topic(&topic).await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_committed_late_with_a_small_id_is_published_by_the_full_scan() {
    let (database, topic) = (Database::create().await, topic(1).await);
    let relay = Relay::new(unique("relay"), database.pool.clone(), log(), quick());
    let running = Running::start(vec![relay.job()]);
    let mut slow = Tx::begin(&database.pool).await.unwrap();
    outbox::insert(slow.conn(), &entries(&[event(&topic, "k", 1)])).await.unwrap();
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

/// Keeps how many records each transaction has.
#[derive(Clone)]
struct Counting(Arc<dyn EventLog>, Arc<Mutex<Vec<usize>>>);

struct CountingPublisher(Box<dyn LanePublisher>, Arc<Mutex<Vec<usize>>>);

#[async_trait]
impl LanePublisher for CountingPublisher {
    async fn publish(&self, records: Vec<NewRecord>) -> Result<(), PublishError> {
        self.1.lock().unwrap().push(records.len());
        self.0.publish(records).await
    }
}

#[async_trait]
impl EventLog for Counting {
    async fn open_publisher(&self, name: &str) -> Result<Box<dyn LanePublisher>, PublishError> {
        let inner = self.0.open_publisher(name).await?;
        Ok(Box::new(CountingPublisher(inner, Arc::clone(&self.1))))
    }

    async fn append(&self, record: NewRecord) -> Result<(), LogUnavailable> {
        self.0.append(record).await
    }

    async fn subscribe(&self, subscribe: Subscribe) -> Result<Subscription, LogUnavailable> {
        self.0.subscribe(subscribe).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_takes_whole_rows_up_to_its_bounds_and_one_that_is_larger_alone() {
    let (database, topic) = (Database::create().await, topic(1).await);
    let of = |row: i64, entries: i64| -> Vec<_> {
        (0..entries)
            .map(|n| NewEvent { hotel: Some(hotel()), ..event(&topic, "k", row * 1_000 + n) })
            .collect()
    };
    for (row, entries) in [(1, 20), (2, 20), (3, 20), (4, 70), (5, 1), (6, 1)] {
        write(&database, &of(row, entries)).await;
    }
    let counts = Arc::new(Mutex::default());
    let counting = Arc::new(Counting(log(), Arc::clone(&counts)));
    let relay = Relay::new(unique("relay"), database.pool.clone(), counting, quick());
    let running = Running::start(vec![relay.job()]);
    drained(&database).await;
    running.stop().await;
    assert_eq!(*counts.lock().unwrap(), [40, 20, 70, 2]);
    let versions = versions_by_key(&everything(&topic).await).remove("k").unwrap();
    assert!(versions.len() == 132 && versions.is_sorted(), "{versions:?}");
    drop_topic(&topic).await;
    database.drop().await;
}

/// By the statement of docs/OPERATIONS.md, "Entries that cannot be told".
#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_is_told_once_an_operator_writes_it_back() {
    let (database, topic) = (Database::create().await, topic(3).await);
    let entry = transition(2, 4);
    let kept = "insert into outbox_broken (outbox_id, place, lane, entry, why, found_at) values (7, 1, ?, ?, 'x', now(6))";
    let text = serde_json::to_vec(&entry).unwrap();
    sqlx::query(kept).bind(entry.lane()).bind(text).execute(&database.pool).await.unwrap();
    let back = "insert into outbox (lane, records, entries, created_at) \
                select lane, 1, concat('[', entry, ']'), now(6) from outbox_broken where outbox_id = ? and place = ?";
    sqlx::query(back).bind(7).bind(1).execute(&database.pool).await.unwrap();
    let whole = Some(r#"{"facts":[]}"#.to_owned());
    assert_eq!(told(&database, &topic).await, [(uuid::Uuid::from_u128(2).to_string(), 4, whole)]);
    drop_topic(&topic).await;
    database.drop().await;
}

/// A hotel that changes many rooms at once has many nights, all of which are told in one transaction.
#[tokio::test(flavor = "multi_thread")]
async fn more_records_than_the_clients_queue_holds_are_published_in_one_transaction() {
    let topic = topic(1).await;
    let record = |n: u32| NewRecord {
        topic: topic.clone(),
        key: n.to_string(),
        partition_key: "k".to_owned(),
        payload: Some(b"{}".to_vec()),
        headers: BTreeMap::new(),
    };
    let publisher = log().open_publisher(&unique("publisher")).await.unwrap();
    publisher.publish((0..25_000).map(record).collect()).await.unwrap();
    assert_eq!(everything(&topic).await.len(), 25_000);
    drop_topic(&topic).await;
}

#[tokio::test]
async fn counting_what_waits_reads_nothing_that_was_published() {
    let (database, topic) = (Database::create().await, unique("topic"));
    let events: Vec<_> = (0..500).map(|key| event(&topic, &key.to_string(), 1)).collect();
    let mut tx = Tx::begin(&database.pool).await.unwrap();
    for event in entries(&events) {
        outbox::insert(tx.conn(), &[event]).await.unwrap();
    }
    tx.commit().await.unwrap();
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
    let events: Vec<_> =
        (0..20).map(|key| NewEvent { hotel: Some(hotel()), ..event("t", &key.to_string(), 1) }).collect();
    write(&database, &events).await;
    write_row(&database, &[night(1, "2026-12-24"), transition(1, 1)]).await;
    let rows: Vec<(u8, u32)> =
        sqlx::query_as("select lane, records from outbox").fetch_all(&database.pool).await.unwrap();
    let lane = hotel().share() % delivery::LANES;
    assert_eq!(rows, [(lane, 20), (lane, 2)], "one row per transaction");
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
