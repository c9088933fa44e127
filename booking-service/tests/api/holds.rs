//! Holds end on time: with Redis and without, with the provider and without.

use std::time::Duration;

use booking_service::bookings::hints::{hold_queue, millis};
use domain::Instant;
use serde_json::{Value, json};

use crate::{
    owed::{is_anothers, is_let_go, shares_are_seen},
    stage::{Setup, Stage, paid, toml_like::Value as Set},
};

const DEADLINE: Duration = Duration::from_secs(15);

/// How late the latest end of a hold was.
pub(crate) const LATEST_US: &str =
    "select max(timestampdiff(microsecond, hold_expires_at, cancelled_at)) from bookings";

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_ends_on_time_without_redis_and_the_link_is_made_dead() {
    let stage = Stage::plain().await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 2)]).await;
    stage.advance("PT4M").await;
    assert_eq!(stage.status(&booking).await.0, "RESERVED");
    stage.advance("PT61S").await;
    assert_eq!(stage.becomes(&booking, "CANCELLED").await.as_deref(), Some("hold_expired"));
    assert_eq!(stage.left(stage.deluxe).await, [3, 3]);
    let payment = booking["payment"]["payment_id"].as_str().unwrap();
    testkit::eventually(Duration::from_secs(10), || async {
        (stage.provider.voids() == [payment]).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_the_provider_calls_paid_is_booked() {
    let stage = Stage::plain().await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    stage.provider.capture(
        booking["payment"]["payment_id"].as_str().unwrap(),
        &booking["price"]["due_now"],
        "pr_9",
    );
    stage.advance("PT5M1S").await;
    stage.becomes(&booking, "BOOKED").await;
    stage.callback("m1", &paid(&booking, "pr_9"), 0).await;
    assert_eq!(stage.status(&booking).await.0, "BOOKED");
    assert!(stage.provider.refunds().is_empty() && stage.provider.voids().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_provider_costs_no_rooms_and_late_money_is_found_by_the_void() {
    let stage = Stage::plain().await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    stage.provider.silent(true);
    stage.provider.capture(
        booking["payment"]["payment_id"].as_str().unwrap(),
        &booking["price"]["due_now"],
        "pr_9",
    );
    stage.advance("PT5M1S").await;
    assert_eq!(stage.becomes(&booking, "CANCELLED").await.as_deref(), Some("hold_expired"));
    assert_eq!(stage.left(stage.deluxe).await, [3, 3]);
    stage.provider.silent(false);
    stage.becomes(&booking, "BOOKED").await;
    assert_eq!(stage.left(stage.deluxe).await, [2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_told_of_another_amount_ends_on_time_all_the_same() {
    let stage = Stage::plain().await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    let payment = booking["payment"]["payment_id"].as_str().unwrap();
    let less = json!({"amount": 1_000, "currency": "EUR"});
    stage.provider.capture(payment, &less, "pr_less");
    stage.advance("PT4M57S").await;
    assert_eq!(stage.becomes(&booking, "CANCELLED").await.as_deref(), Some("hold_expired"));
    let late_us = stage.db.number(LATEST_US).await;
    assert!((0..1_500_000).contains(&late_us), "{late_us}");
    let listed = stage.operator().get("/v1/payments/reviews").await.expect(200);
    assert_eq!(listed["items"][0]["captured"], less);
}

/// A stage whose holds last a minute and are worked on two seconds after they were made, with Redis telling of them so.
async fn hinting(hints: &'static str) -> Stage {
    hinting_with(hints, vec![]).await
}

async fn hinting_with(hints: &'static str, mut settings: Vec<(&'static str, Set)>) -> Stage {
    settings.extend([
        ("holds.hints", Set::Text(hints)),
        ("holds.lead_ms", Set::Number(58_000)),
        ("checkout.ends_before_hold_seconds", Set::Number(59)),
        ("holds.minutes", Set::Number(1)),
    ]);
    Stage::set(Setup { redis: true, settings, ..Setup::default() }).await
}

/// A hold that no sweep finds, since nobody has its share.
async fn hidden(stage: &Stage) -> Value {
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    sqlx::query("update bookings set share = 99").execute(stage.pool()).await.unwrap();
    booking
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_redis_that_expires_ends_a_hold_that_no_sweep_finds() {
    let stage = hinting("keyspace").await;
    let booking = hidden(&stage).await;
    stage.advance("PT1M").await;
    assert_eq!(stage.becomes(&booking, "CANCELLED").await.as_deref(), Some("hold_expired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_of_redis_ends_a_hold_that_no_sweep_finds_and_is_empty_then() {
    let stage = hinting("queue").await;
    let booking = hidden(&stage).await;
    let queue = hold_queue(stage.hotel.share());
    let redis = stage.redis.as_ref().unwrap();
    let queued = || async { testkit::redis::scored(&mut redis.connect(), &queue) };
    let ends_at: Instant = booking["hold_expires_at"].as_str().unwrap().parse().unwrap();
    let wanted = vec![(booking["booking_id"].as_str().unwrap().to_owned(), millis(ends_at))];
    testkit::wait::eventually_equals(DEADLINE, wanted, queued).await;
    stage.advance("PT1M").await;
    assert_eq!(stage.becomes(&booking, "CANCELLED").await.as_deref(), Some("hold_expired"));
    testkit::wait::eventually_equals(DEADLINE, vec![], queued).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_whose_share_was_lost_stays_in_its_queue_for_whoever_has_it() {
    // One place for all ends: the second hold waits for it while the first waits for a row.
    let stage = hinting_with("queue", vec![("core.waiting", Set::Number(2))]).await;
    let share = stage.hotel.share();
    for _ in 0..2 {
        stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    }
    let queue = hold_queue(share);
    let redis = stage.redis.as_ref().unwrap();
    let queued = || async { testkit::redis::scored(&mut redis.connect(), &queue).len() };
    testkit::wait::eventually_equals(DEADLINE, 2, queued).await;
    let mut locked = stage.pool().begin().await.unwrap();
    let nights = "select date from available_rooms where room_id = ? for update";
    sqlx::query(nights).bind(stage.deluxe.uuid()).fetch_all(&mut *locked).await.unwrap();
    stage.advance("PT1M").await;
    stage.waiting_for_a_row(1).await;
    is_anothers(&stage, share).await;
    locked.rollback().await.unwrap();
    let open = || stage.db.number("select count(*) from bookings where status = 'RESERVED'");
    testkit::wait::eventually_equals(DEADLINE, 1, open).await;
    testkit::wait::eventually_equals(DEADLINE, 1, queued).await;
    shares_are_seen(&stage).await;
    assert_eq!((open().await, queued().await), (1, 1), "it is the other's to end");
    is_let_go(&stage, share).await;
    testkit::wait::eventually_equals(DEADLINE, 0, open).await;
    testkit::wait::eventually_equals(DEADLINE, 0, queued).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_forgets_everything_makes_no_hold_late() {
    for hints in ["keyspace", "queue", "off"] {
        let stage = hinting(hints).await;
        let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
        stage.redis.as_ref().unwrap().flush();
        stage.advance("PT58S").await;
        stage.becomes(&booking, "CANCELLED").await;
        let late_us = stage.db.number(LATEST_US).await;
        assert!((0..2_000_000).contains(&late_us), "{hints}: {late_us}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stay_that_is_over_is_completed() {
    let stage = Stage::plain().await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    stage.pay(&booking).await;
    stage.advance("P11D").await;
    stage.advance("P3D").await;
    stage.becomes(&booking, "COMPLETED").await;
}
