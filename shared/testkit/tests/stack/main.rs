#![cfg(test)]
//! What the leases promise, on the real servers.

use std::time::Duration;

use chrono::TimeDelta;
use testkit::{FakeClock, eventually, unique_uuid};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn two_leases_of_a_kind_are_two_databases_and_each_comes_empty() {
    let one = testkit::mysql::booking().await;
    let other = testkit::mysql::booking().await;
    assert_ne!(one.database, other.database);
    let sql = "insert into inbox (consumer_group, event_id, handled_at) values ('g', ?, now(6))";
    for lease in [&one, &other] {
        sqlx::query(sql).bind(unique_uuid()).execute(&lease.pool).await.unwrap();
        sqlx::query("update dev_clock set offset_us = 7").execute(&lease.pool).await.unwrap();
    }
    drop((one, other));
    let again = testkit::mysql::booking().await;
    let rows: i64 = sqlx::query_scalar("select count(*) from inbox").fetch_one(&again.pool).await.unwrap();
    let offset: i64 =
        sqlx::query_scalar("select offset_us from dev_clock").fetch_one(&again.pool).await.unwrap();
    let lanes: i64 =
        sqlx::query_scalar("select count(*) from outbox_lanes").fetch_one(&again.pool).await.unwrap();
    assert_eq!((rows, offset, lanes), (0, 0, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn hotel_and_notification_databases_are_migrated_with_their_seeds() {
    let hotel = testkit::mysql::hotel().await;
    let seeds: i64 =
        sqlx::query_scalar("select count(*) from facilities").fetch_one(&hotel.pool).await.unwrap();
    assert!(seeds >= 40, "{seeds}");
    let notification = testkit::mysql::notification().await;
    sqlx::query("select 1 from mails limit 1").execute(&notification.pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn records_written_are_read_back_and_topics_end_with_the_lease() {
    let kafka = testkit::kafka::lease();
    let topic = kafka.topic("booking.events").await;
    kafka.write(&topic, "k", Some(br#"{"a":1}"#), &[("version", "3")]).await;
    kafka.write(&topic, "k", None, &[]).await;
    let records = kafka.wait_for(&topic, 2, SOON).await;
    assert_eq!(records[0].json()["a"], 1);
    assert_eq!(records[0].headers, [("version".to_owned(), "3".to_owned())]);
    assert_eq!((records[1].key.as_str(), &records[1].payload), ("k", &None));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_redis_leases_are_two_databases_and_come_empty() {
    let one = testkit::redis::lease().await;
    let other = testkit::redis::lease().await;
    assert_ne!(one.number, other.number);
    let _: () = redis::cmd("SET").arg("k").arg("v").query(&mut one.connect()).unwrap();
    let there: Option<String> = redis::cmd("GET").arg("k").query(&mut other.connect()).unwrap();
    assert_eq!(there, None);
    one.flush();
    let there: Option<String> = redis::cmd("GET").arg("k").query(&mut one.connect()).unwrap();
    assert_eq!(there, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_of_a_prefix_end_with_their_lease() {
    let lease = testkit::elasticsearch::lease().await;
    let http = testkit::http::Http::at(&lease.url);
    let path = format!("/{}", lease.name("rooms"));
    http.put(&path, &migrations::search_mapping(1, 0).unwrap()).await.expect(200);
    lease.refresh().await;
    drop(lease);
    assert_eq!(http.get(&path).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_has_its_tables() {
    let session = testkit::cassandra::session().await;
    for statement in migrations::ARCHIVE {
        session.query_unpaged(format!("select * from {} limit 1", statement.table), &[]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_mailbox_is_empty() {
    assert!(testkit::mail::mailbox().mails().await.is_empty());
}

#[tokio::test]
async fn a_clock_stands_until_it_is_moved() {
    let clock = FakeClock::at("2026-05-03T12:00:00Z");
    clock.clone().advance(TimeDelta::hours(24));
    assert_eq!(clock.shows().to_string(), "2026-05-04T12:00:00.000000Z");
}

#[tokio::test]
#[should_panic(expected = "waited for at")]
async fn waiting_ends_at_the_deadline_and_names_its_place() {
    eventually(Duration::from_millis(60), async || None::<()>).await;
}
