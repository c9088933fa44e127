//! What needs a real store: the booking database's clock, Redis.
#![cfg(test)]

mod keys;

use std::time::{Duration, Instant as Monotonic};

use chrono::TimeDelta;
use domain::Instant;
use platform::{
    clock::{Clock as _, DbClock, SystemClock},
    mysql::{self, MySqlSettings, PacketTx, Reading},
};

fn between(earlier: Instant, later: Instant) -> TimeDelta {
    TimeDelta::microseconds(later.epoch_micros() - earlier.epoch_micros())
}

#[tokio::test]
async fn the_database_clock_shows_utc_and_goes_on_between_readings() {
    let lease = testkit::mysql::booking().await;
    let clock = DbClock::new(lease.pool.clone());
    let first = clock.now().await.unwrap();
    // One machine's containers share its clock; a session in another zone would be hours away.
    assert!(between(first, SystemClock.read()).abs() < TimeDelta::seconds(5), "{first}");
    let (asked, mut last) = (Monotonic::now(), first);
    while asked.elapsed() < DbClock::FRESH * 2 {
        let next = clock.now().await.unwrap();
        // A new reading may be a little behind one that was carried on: never by more than the round trip.
        assert!(between(last, next) > TimeDelta::milliseconds(-100), "{last} then {next}");
        last = next;
        tokio::task::yield_now().await;
    }
    assert!(between(first, last) >= TimeDelta::milliseconds(300), "{first} to {last}");
}

#[tokio::test]
async fn a_reading_that_had_to_wait_for_its_connection_never_runs_ahead_of_the_database() {
    let lease = testkit::mysql::booking().await;
    let settings = MySqlSettings::at(lease.url.clone()).unwrap();
    let pool = mysql::connect(&MySqlSettings { max_connections: 1, ..settings }).unwrap();
    let clock = DbClock::new(pool.clone());
    let mut only = pool.acquire().await.unwrap();
    let (read, ()) = tokio::join!(clock.refresh(), async move {
        sqlx::query("select sleep(0.12)").execute(&mut *only).await.unwrap();
        drop(only);
    });
    read.unwrap();
    let carried = clock.now().await.unwrap();
    let sql = "select utc_timestamp(6)";
    let at: chrono::NaiveDateTime = sqlx::query_scalar(sql).fetch_one(&lease.pool).await.unwrap();
    assert!(carried <= Instant::from_naive_utc(at), "{carried} while the database says {at}");
}

#[tokio::test]
async fn a_moved_development_clock_is_seen_at_once_after_a_refresh_and_soon_without() {
    let lease = testkit::mysql::booking().await;
    let (told, untold) = (DbClock::new(lease.pool.clone()), DbClock::new(lease.pool.clone()));
    let before = untold.now().await.unwrap();
    told.now().await.unwrap();
    let day = TimeDelta::days(1);
    let set = format!("update dev_clock set offset_us = {}", day.num_microseconds().unwrap());
    lease.execute(set).await;
    assert!(between(before, told.refresh().await.unwrap()) >= day);
    assert!(between(before, told.now().await.unwrap()) >= day);
    let moved = Monotonic::now();
    while between(before, untold.now().await.unwrap()) < day {
        assert!(moved.elapsed() < DbClock::FRESH * 10, "the reading is carried on too long");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_fresh_reading_needs_no_database_and_a_stale_one_is_refused() {
    let lease = testkit::mysql::booking().await;
    let clock = DbClock::new(lease.pool.clone());
    clock.refresh().await.unwrap();
    lease.pool.close().await;
    let readings = futures::future::join_all((0..100).map(|_| clock.now())).await;
    assert!(readings.iter().all(Result::is_ok), "a fresh reading needs no database");
    let deadline = Monotonic::now();
    while clock.now().await.is_ok() {
        assert!(deadline.elapsed() < DbClock::FRESH * 10, "a stale reading is not the time");
        tokio::task::yield_now().await;
    }
}

/// Asks the pool's only connection for something that takes a minute, gives up, and looks how soon the pool serves again.
async fn serves_after(asked_and_given_up: impl AsyncFn(&sqlx::MySqlPool)) -> Duration {
    let lease = testkit::mysql::booking().await;
    let settings = MySqlSettings::at(lease.url.clone()).unwrap();
    let pool = mysql::connect(&MySqlSettings { max_connections: 1, acquire_timeout_ms: 30_000, ..settings })
        .unwrap();
    asked_and_given_up(&pool).await;
    let began = Monotonic::now();
    sqlx::query("select 1").execute(&pool).await.unwrap();
    began.elapsed()
}

const A_MINUTE: &str = "select sleep(60)";
const PATIENCE: Duration = Duration::from_millis(200);

#[tokio::test]
async fn who_gives_up_on_a_reading_or_a_transaction_leaves_its_place_in_the_pool_to_others() {
    let read = async |pool: &sqlx::MySqlPool| {
        let mut reading = Reading::on(pool).await.unwrap();
        let asked = sqlx::query(A_MINUTE).execute(reading.conn());
        tokio::time::timeout(PATIENCE, asked).await.unwrap_err();
    };
    let transact = async |pool: &sqlx::MySqlPool| {
        let mut tx = PacketTx::begin(pool).await.unwrap();
        let asked = sqlx::query(A_MINUTE).execute(tx.conn());
        tokio::time::timeout(PATIENCE, asked).await.unwrap_err();
    };
    for took in [serves_after(read).await, serves_after(transact).await] {
        // sqlx waits for five seconds for a connection to say goodbye.
        assert!(took < Duration::from_secs(12), "{took:?}");
    }
}

#[tokio::test]
async fn a_reading_that_was_answered_leaves_its_connection_to_the_next() {
    let lease = testkit::mysql::booking().await;
    let settings = MySqlSettings::at(lease.url.clone()).unwrap();
    let (pool, opened) = mysql::connect_quietly(&MySqlSettings { max_connections: 1, ..settings }).unwrap();
    for sql in ["select 1", "select nothing from nowhere", "select 2"] {
        let mut reading = Reading::on(&pool).await.unwrap();
        let read = sqlx::query(sql).execute(reading.conn()).await;
        reading.end();
        assert_eq!(read.is_ok(), !sql.contains("nowhere"));
    }
    assert_eq!(opened.count(), 1);
}
