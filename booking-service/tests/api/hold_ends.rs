//! Many holds of one moment, and copies that share them: none ends late, none is lost.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use domain::{BookingId, RoomId, UserId};
use records::ActiveBookings;
use testkit::http::Http;

use crate::{
    holds::LATEST_US,
    stage::{Setup, Stage, now, toml_like::Value as Set},
};

/// What a hold's end may be late, also with Redis away and a provider that hangs.
const MOST_LATE: Duration = Duration::from_secs(5);
/// Units of the room that is held.
const UNITS: u32 = 50_000;

/// So many holds of one room that end in the same moment, soon.
async fn of_one_moment(stage: &Stage, room: RoomId, count: u32) {
    let made = stage.book(&stage.traveller(), &[(room, 1)]).await;
    let id: BookingId = made["booking_id"].as_str().unwrap().parse().unwrap();
    let record = ActiveBookings::new(stage.pool().clone()).record(id).await.unwrap().unwrap();
    let mut tx = stage.pool().begin().await.unwrap();
    for _ in 1..count {
        let mut hold = record.clone();
        hold.booking_id = BookingId::from_uuid(testkit::unique_uuid());
        hold.user_id = UserId::from_uuid(testkit::unique_uuid());
        Arc::make_mut(&mut hold.facts).payment_id = hold.booking_id.payment_id();
        testkit::booking::insert_in(&mut tx, &hold).await;
    }
    let taken = "update available_rooms set available_quantity = available_quantity - ? where room_id = ?";
    sqlx::query(taken).bind(count - 1).bind(room.uuid()).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    let ends_at = now().plus(TimeDelta::seconds(6)).naive_utc();
    let same = "update bookings set hold_expires_at = ?, due_at = ?";
    sqlx::query(same).bind(ends_at).bind(ends_at).execute(stage.pool()).await.unwrap();
}

/// All have ended as they should, and how late the last.
async fn all_end(stage: &Stage, room: RoomId, count: u32) -> Duration {
    let open = "select count(*) from bookings where status = 'RESERVED'";
    testkit::wait::eventually_equals(Duration::from_mins(1), 0, || stage.db.number(open)).await;
    let earliest = "select min(timestampdiff(microsecond, hold_expires_at, cancelled_at)) from bookings";
    assert!(stage.db.number(earliest).await >= 0, "one ended early");
    assert_eq!(stage.left(room).await, [UNITS, UNITS]);
    assert_eq!(stage.db.number("select count(*) from voids").await, i64::from(count));
    Duration::from_micros(u64::try_from(stage.db.number(LATEST_US).await).unwrap())
}

async fn crowd(count: u32, hangs: bool) -> Duration {
    let stage = Stage::with("provider.max_calls", 8).await;
    stage.provider.hangs(hangs);
    let room = stage.room(UNITS).await;
    of_one_moment(&stage, room, count).await;
    all_end(&stage, room, count).await
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_of_one_moment_end_on_time_whether_the_provider_answers_or_hangs() {
    for hangs in [false, true] {
        let late = crowd(400, hangs).await;
        assert!(late < MOST_LATE, "{late:?} late, hanging: {hangs}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a minute: cargo test -p booking-service --test api twenty_thousand -- --ignored --nocapture"]
#[expect(clippy::print_stderr, reason = "a figure to be read")]
async fn twenty_thousand_holds_of_one_moment_end_on_time() {
    for hangs in [false, true] {
        let late = crowd(20_000, hangs).await;
        eprintln!("20,000 holds of one moment, provider hanging {hangs}: the last ended {late:?} late");
        assert!(late < MOST_LATE, "{late:?} late, hanging: {hangs}");
    }
}

const SHARES: &str =
    "select count(distinct owner) * 100 + count(owner) from job_shares where lease_until > now(6)";

#[tokio::test(flavor = "multi_thread")]
async fn copies_divide_the_shares_and_those_of_one_that_leaves_or_is_killed_move_within_seconds() {
    let stage = Stage::plain().await;
    let shared_by = |copies: i64| {
        let wanted = copies * 100 + 16;
        testkit::wait::eventually_equals(MOST_LATE, wanted, || stage.db.number(SHARES))
    };
    let of_each = "select max(n) from (select count(*) as n from job_shares group by owner) shares";
    shared_by(1).await;
    let copy = stage.another_copy().await;
    shared_by(2).await;
    assert_eq!(stage.db.number(of_each).await, 8);
    copy.stop().await;
    assert_eq!(stage.db.number("select count(*) from job_copies").await, 1);
    shared_by(1).await;
    let copy = stage.another_copy().await;
    shared_by(2).await;
    // As by kill -9: its tasks end where they are, and it takes leave of nobody.
    drop(copy);
    assert_eq!(stage.db.number("select count(*) from job_copies").await, 2);
    shared_by(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_whose_owner_died_is_ended_by_another_copy() {
    let stage = Stage::set(Setup {
        settings: vec![("jobs.shares_lease_ms", Set::Number(2_000))],
        ..Setup::default()
    })
    .await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    // All shares are another's, which will not say that it lives again.
    let dead = "update job_shares set owner = 'dead', lease_until = now(6) + interval 2 second";
    sqlx::query(dead).execute(stage.pool()).await.unwrap();
    stage.advance("PT5M").await;
    stage.becomes(&booking, "CANCELLED").await;
    let late_us = stage.db.number(LATEST_US).await;
    assert!(late_us < 5_000_000, "{late_us}");
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_that_take_every_connection_of_requests_keep_no_hold_from_its_end() {
    let settings =
        vec![("mysql.max_connections", Set::Number(2)), ("mysql.lock_wait_timeout_s", Set::Number(60))];
    let stage = Stage::set(Setup { settings, ..Setup::default() }).await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    // Who reads what the provider said waits, and no end of a hold does.
    let mut said = stage.pool().acquire().await.unwrap();
    sqlx::raw_sql("lock tables payment_events write").execute(&mut *said).await.unwrap();
    let read = |operator: Http| async move { operator.get("/v1/payments/unmatched").await };
    let readers: Vec<_> = (0..6).map(|_| tokio::spawn(read(stage.operator()))).collect();
    stage.waiting_for_a_table().await;
    stage.advance("PT5M").await;
    stage.becomes(&booking, "CANCELLED").await;
    let late_us = stage.db.number(LATEST_US).await;
    assert!(late_us < 5_000_000, "{late_us}");
    sqlx::raw_sql("unlock tables").execute(&mut *said).await.unwrap();
    for reader in readers {
        reader.await.unwrap();
    }
}
