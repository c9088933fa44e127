//! Holds end on time: with Redis and without, with the provider and without.

use std::time::Duration;

use serde_json::json;

use crate::stage::{Setup, Stage, paid, toml_like::Value as Set};

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
    let sql = "select timestampdiff(microsecond, hold_expires_at, cancelled_at) from bookings";
    let late_us: i64 = sqlx::query_scalar(sql).fetch_one(stage.pool()).await.unwrap();
    // The claim of whoever put the money into review would have run out two seconds after the hold.
    assert!((0..1_500_000).contains(&late_us), "{late_us}");
    let listed = stage.operator().get("/v1/payments/reviews").await.expect(200);
    assert_eq!(listed["items"][0]["captured"], less);
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_makes_the_end_of_a_hold_prompt() {
    // The sweep would come in an hour only: what ends this hold is the expiry of its key.
    let settings = vec![
        ("jobs.sweep_ms", Set::Number(3_600_000)),
        ("holds.lead_ms", Set::Number(58_000)),
        ("holds.lease_ms", Set::Number(59_000)),
        ("checkout.ends_before_hold_seconds", Set::Number(59)),
        ("holds.minutes", Set::Number(1)),
    ];
    let stage = Stage::set(Setup { redis: true, settings, ..Setup::default() }).await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    stage.advance("PT1M").await;
    assert_eq!(stage.becomes(&booking, "CANCELLED").await.as_deref(), Some("hold_expired"));
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
