use archival_service::{ArchivalApp, settings::Settings};
use domain::{
    EventId,
    booking::BookingRecord,
    event::{BookingEvent, BookingHappening, CloudEvent, Occurrence},
};
use platform::{
    app::{self, App, Running},
    settings::Loader,
};
use records::Archive as _;
use testkit::{http::Http, unique_uuid, wait::eventually_equals};

use crate::{
    stage::{SOON, Stage, archive_at, ended, stage, url},
    steps::void_owed,
};

struct Service {
    kafka: testkit::kafka::Lease,
    topic: String,
    running: Running,
}

/// The whole service; `change` sets what the test is about.
async fn start(stage: &Stage, change: impl FnOnce(Loader) -> Loader) -> Service {
    let kafka = testkit::kafka::lease();
    let topic = kafka.topic("booking.events").await;
    kafka.topic("booking.events.dlq").await;
    let loader = Loader::new(ArchivalApp::DEFAULT_TOML)
        .set("kit.auth.development_key", testkit::token::DEVELOPMENT_KEY)
        .set("mysql.url", url(&stage.db).await)
        .set("cassandra.nodes", stage.cassandra.nodes.clone())
        .set("cassandra.keyspace", stage.cassandra.keyspace.clone())
        .set("cassandra.connect_timeout_ms", 30_000)
        .set("kafka.brokers", kafka.brokers.clone())
        .set("kafka.group_protocol", "consumer")
        .set("consumer.topic", topic.clone())
        .set("consumer.group", kafka.name("archival"))
        .set("copying.every_ms", 50)
        .set("copying.gather_ms", 0)
        .set("walking.every_ms", 50)
        .set("purging.every_ms", 50);
    let settings: Settings = change(loader).load().expect("the settings of the stage");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let running = app::launch::<ArchivalApp>(settings, listener).await.expect("the service starts");
    Service { kafka, topic, running }
}

/// A moment before which the database's clock never is.
const PAST: &str = "2026-01-01T00:00:00Z";

/// `seconds` ago by the database.
async fn ago(stage: &Stage, seconds: i64) -> domain::Instant {
    stage.archiver.now().await.unwrap().plus(-chrono::TimeDelta::seconds(seconds))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_copies_at_once_and_purges_when_the_databases_clock_says_so() {
    let stage = stage().await;
    let mut fresh = ended(PAST);
    fresh.updated_at = ago(&stage, 1).await;
    let settled = ended(PAST);
    stage.active(&fresh).await;
    stage.active(&settled).await;
    let service = start(&stage, |loader| loader).await;
    eventually_equals(SOON, true, || stage.is_archived(&fresh)).await;
    eventually_equals(SOON, 0, || stage.rows("bookings", &settled)).await;
    assert!(stage.is_archived(&settled).await);
    assert_eq!(stage.rows("bookings", &fresh).await, 1);
    // Six days later it still stays, a day and a minute after that it goes.
    let day = 86_400_000_000_i64;
    stage.db.execute(format!("update dev_clock set offset_us = {}", day * 6)).await;
    let behind = ended(PAST);
    stage.active(&behind).await;
    eventually_equals(SOON, 0, || stage.rows("bookings", &behind)).await;
    assert_eq!(stage.rows("bookings", &fresh).await, 1);
    stage.db.execute(format!("update dev_clock set offset_us = {}", day * 7 + 60_000_000)).await;
    eventually_equals(SOON, 0, || stage.rows("bookings", &fresh)).await;
    assert!(stage.is_archived(&fresh).await);
    service.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_behind_one_that_is_corrupt_are_archived_all_the_same() {
    let stage = stage().await;
    let (corrupt, good) = (ended("2026-01-01T00:00:00Z"), ended("2026-01-02T00:00:00Z"));
    stage.active(&corrupt).await;
    stage.active(&good).await;
    let id = corrupt.booking_id.uuid().simple();
    stage.db.execute(format!("update bookings set facts = 'damage' where booking_id = x'{id}'")).await;
    let service = start(&stage, |loader| loader.set("copying.batch", 1).set("purging.batch", 1)).await;
    eventually_equals(SOON, 0, || stage.rows("bookings", &good)).await;
    assert_eq!(stage.rows("bookings", &corrupt).await, 1);
    service.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_wakes_the_copying_and_poison_alone_goes_to_the_dead_letters() {
    let stage = stage().await;
    let service = start(&stage, |loader| loader.set("copying.every_ms", 3_600_000)).await;
    let mut record = ended(PAST);
    record.updated_at = ago(&stage, 1).await;
    stage.active(&record).await;
    service.kafka.write_of_a_newer_writer(&service.topic, "poison").await;
    service.kafka.write(&service.topic, "poison", Some(b"not an event"), &[]).await;
    publish(&service, &record).await;
    eventually_equals(SOON, true, || stage.is_archived(&record)).await;
    let letters = service.kafka.wait_for(&service.kafka.name("booking.events.dlq"), 1, SOON).await;
    assert_eq!(letters[0].payload.as_deref(), Some(&b"not an event"[..]));
    service.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_meets_a_damaged_copy_makes_a_dead_letter_and_stops_nothing() {
    let stage = stage().await;
    let service = start(&stage, |loader| loader).await;
    let (mut damaged, mut sound) = (ended(PAST), ended(PAST));
    for record in [&damaged, &sound] {
        stage.archive.put(record).await.unwrap();
    }
    stage.damage_copy(&damaged).await;
    for record in [&mut damaged, &mut sound] {
        record.version += 1;
        publish(&service, record).await;
    }
    let letters = service.kafka.wait_for(&service.kafka.name("booking.events.dlq"), 1, SOON).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].key, damaged.booking_id.to_string());
    eventually_equals(SOON, true, || stage.is_archived(&sound)).await;
    service.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_committed_behind_the_mark_is_found() {
    let stage = stage().await;
    let service = start(&stage, |loader| loader).await;
    let mut first = ended(PAST);
    first.updated_at = ago(&stage, 0).await;
    stage.active(&first).await;
    eventually_equals(SOON, true, || stage.is_archived(&first)).await;
    // Decided before the first one, committed after it was copied.
    let mut late = ended(PAST);
    late.updated_at = first.updated_at.plus(-chrono::TimeDelta::seconds(20));
    stage.active(&late).await;
    eventually_equals(SOON, true, || stage.is_archived(&late)).await;
    service.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_while_the_archive_is_down_and_shows_its_figures() {
    let stage = stage().await;
    let nobody = vec!["127.0.0.1:1".to_owned()];
    let service = start(&stage, |loader| {
        loader.set("cassandra.nodes", nobody).set("cassandra.connect_timeout_ms", 1_000)
    })
    .await;
    let http = Http::at(format!("http://{}", service.running.address()));
    eventually_equals(SOON, 200, || async { http.get("/readyz").await.status }).await;
    http.get("/healthz").await.expect(200);
    stage.active(&ended(PAST)).await;
    let failed = || async { http.get("/metrics").await.text().contains("job_looks_failed_total") };
    eventually_equals(SOON, true, failed).await;
    assert_eq!(stage.db.number("select count(*) from bookings").await, 1);
    service.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_makes_the_archive_and_may_run_twice() {
    let stage = stage().await;
    let keyspace = testkit::unique_word();
    let loader = Loader::new(ArchivalApp::DEFAULT_TOML)
        .set("mysql.url", "mysql://archival@127.0.0.1:1/booking")
        .set("cassandra.nodes", stage.cassandra.nodes.clone())
        .set("cassandra.keyspace", keyspace.clone());
    let settings: Settings = loader.load().unwrap();
    for _ in 0..2 {
        ArchivalApp::migrate(&settings).await.unwrap();
    }
    let cassandra =
        testkit::cassandra::Archive { nodes: stage.cassandra.nodes.clone(), keyspace: keyspace.clone() };
    let (archive, record) = (archive_at(&cassandra), ended(PAST));
    archive.put(&record).await.unwrap();
    assert_eq!(archive.read_back(&record).await.unwrap(), Some(record));
    testkit::cassandra::session().await.query_unpaged(format!("drop keyspace {keyspace}"), ()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_facts_of_an_event_are_read_only_of_a_booking_that_has_left_mysql() {
    let stage = stage().await;
    let service = start(&stage, |loader| loader).await;
    let (mut lately, here, gone) = (ended(PAST), ended(PAST), ended(PAST));
    lately.updated_at = ago(&stage, 1).await;
    for record in [&lately, &here] {
        // Whatever looks for settled bookings meanwhile leaves it.
        stage.db.execute(void_owed(record)).await;
        stage.active(record).await;
    }
    for record in [&lately, &here, &gone] {
        let mut event = event(record, BookingHappening::Cancelled);
        event["data"]["booking"]["facts"] = "no facts".into();
        write(&service, record, &event).await;
        // What is behind it has been looked at once this one is refused.
        write(&service, record, &"no event".into()).await;
    }
    let letters = service.kafka.wait_for(&service.kafka.name("booking.events.dlq"), 4, SOON).await;
    let refused = |record: &BookingRecord| {
        letters.iter().filter(|letter| letter.key == record.booking_id.to_string()).count()
    };
    assert_eq!([&lately, &here, &gone].map(refused), [1, 1, 2]);
    service.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_moves_after_the_purge_is_taken_into_the_copy_however_lately() {
    let stage = stage().await;
    let service = start(&stage, |loader| loader).await;
    for happening in BookingHappening::ALL.iter().filter(|happening| !happening.ends()) {
        let mut record = ended(PAST);
        stage.archive.put(&record).await.unwrap();
        (record.version, record.updated_at) = (record.version + 1, ago(&stage, 1).await);
        write(&service, &record, &event(&record, *happening)).await;
        eventually_equals(SOON, true, || stage.is_archived(&record)).await;
    }
    service.running.stop().await;
}

async fn publish(service: &Service, record: &BookingRecord) {
    write(service, record, &event(record, BookingHappening::Cancelled)).await;
}

fn event(record: &BookingRecord, happening: BookingHappening) -> serde_json::Value {
    let data = BookingEvent { booking: record.clone(), from: None, actor: None, refund: None, invoice: None };
    let (kind, subject) = (happening.kind(), record.booking_id.to_string());
    let occurrence = Occurrence { kind, subject, time: record.updated_at };
    let id = EventId::from_uuid(unique_uuid());
    let event = CloudEvent::new(id, "/vacancy/booking-service", occurrence, data);
    serde_json::to_value(&event).unwrap()
}

async fn write(service: &Service, record: &BookingRecord, event: &serde_json::Value) {
    let payload = serde_json::to_vec(event).unwrap();
    service.kafka.write(&service.topic, &record.booking_id.to_string(), Some(&payload), &[]).await;
}
