//! Cancellation: preview, penalty, who may.

use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::Stage;

fn path(booking: &Value) -> String {
    format!("/v1/bookings/{}/cancellation", booking["booking_id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_in_time_is_free_and_gives_the_money_back() {
    let stage = Stage::plain().await;
    let who = stage.traveller();
    let booking = stage.book(&who, &[(stage.deluxe, 1)]).await;
    stage.pay(&booking).await;
    let preview = who.get(&path(&booking)).await.expect(200);
    assert_eq!((&preview["cancellable"], &preview["penalty"]["amount"]), (&json!(true), &json!(0)));
    assert_eq!(preview["refund"]["amount"], 24_000);
    let send = || {
        who.call(Method::POST, &path(&booking))
            .header("idempotency-key", "c")
            .json(&json!({"note": "Ill."}))
            .send()
    };
    let first = send().await;
    let done = first.expect(200);
    assert_eq!(
        (&done["booking"]["status"], &done["booking"]["status_reason"]),
        (&json!("CANCELLED"), &json!("traveller"))
    );
    assert_eq!(done["booking"]["payment"]["status"], "refund_due");
    assert_eq!(done["refund"]["amount"], 24_000);
    let told =
        json!({"by": "traveller", "note": "Ill.", "penalty": done["penalty"], "refund": done["refund"]});
    assert_eq!(done["booking"]["cancellation"], told);
    let again = send().await;
    assert_eq!((again.body, again.headers.get("idempotency-replayed").is_some()), (first.body, true));
    let other =
        who.call(Method::POST, &path(&booking)).header("idempotency-key", "c").json(&json!({})).send().await;
    other.expect_problem(422, "idempotency_key_reused");
    let repeat = who.post(&path(&booking), &json!({})).await.expect(200);
    assert_eq!((&repeat["penalty"], &repeat["refund"]), (&done["penalty"], &done["refund"]));
    assert_eq!(who.get(&path(&booking)).await.expect(200)["reason"], "already_cancelled");
    assert_eq!(stage.left(stage.deluxe).await, [3, 3]);
    let wait = std::time::Duration::from_secs(10);
    testkit::wait::eventually_equals(wait, 1, || async { stage.provider.refunds().len() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_too_late_costs_what_was_accepted_and_nothing_to_the_hotels_side() {
    let stage = Stage::plain().await;
    let who = stage.traveller();
    let (mine, theirs) =
        (stage.book(&who, &[(stage.deluxe, 1)]).await, stage.book(&who, &[(stage.deluxe, 1)]).await);
    stage.pay(&mine).await;
    stage.pay(&theirs).await;
    stage.advance("P10DT12H").await;
    assert_eq!(who.get(&path(&mine)).await.expect(200)["penalty"]["amount"], 24_000);
    let nothing = json!({"accepted_penalty": {"amount": 0, "currency": "EUR"}});
    let dollars = json!({"accepted_penalty": {"amount": 24_000, "currency": "USD"}});
    let problem = who.post(&path(&mine), &dollars).await.expect_problem(422, "invalid_field");
    assert_eq!(problem["errors"][0]["pointer"], "#/accepted_penalty/currency");
    let problem = who.post(&path(&mine), &nothing).await.expect_problem(409, "penalty_changed");
    assert_eq!(problem["current_penalty"]["amount"], 24_000);
    let done = who.post(&path(&mine), &json!({})).await.expect(200);
    assert_eq!((&done["penalty"]["amount"], &done["refund"]["amount"]), (&json!(24_000), &json!(0)));
    let done = stage.manager().post(&path(&theirs), &json!({})).await.expect(200);
    assert_eq!((&done["penalty"]["amount"], &done["refund"]["amount"]), (&json!(0), &json!(24_000)));
    assert_eq!(done["booking"]["status_reason"], "hotel");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_elses_booking_can_be_seen_or_cancelled() {
    let stage = Stage::plain().await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    let before = stage.rows().await;
    let stranger = stage.http().as_caller(testkit::token(&["manager", "traveller"], testkit::unique_uuid()));
    stranger.get(&path(&booking)).await.expect_problem(404, "not_found");
    stranger.post(&path(&booking), &json!({})).await.expect_problem(404, "not_found");
    stage.http().get(&path(&booking)).await.expect_problem(401, "unauthenticated");
    let absent = format!("/v1/bookings/{}/cancellation", testkit::unique_uuid());
    stage.operator().get(&absent).await.expect_problem(404, "not_found");
    stage.operator().post(&absent, &json!({})).await.expect_problem(404, "not_found");
    assert_eq!(stage.rows().await, before);
    stage.operator().post(&path(&booking), &json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stay_that_is_over_cannot_be_cancelled() {
    let stage = Stage::plain().await;
    let who = stage.traveller();
    let booking = stage.book(&who, &[(stage.deluxe, 1)]).await;
    stage.pay(&booking).await;
    stage.advance("P14D").await;
    stage.becomes(&booking, "COMPLETED").await;
    assert_eq!(who.get(&path(&booking)).await.expect(200)["reason"], "completed");
    who.post(&path(&booking), &json!({})).await.expect_problem(409, "not_cancellable");
}
