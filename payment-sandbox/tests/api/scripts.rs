use std::collections::HashSet;

use serde_json::json;
use testkit::{eventually, unique_uuid};

use crate::{
    receiver::{Call, DEADLINE, Receiver},
    stage::{DECLINED, GOOD, Session, Stage},
};

/// A payment with a script, paid; gives the first `calls` callbacks.
async fn scripted(outcome: &str, calls: usize) -> (Stage, Session, Vec<Call>) {
    let (stage, session) = (Stage::new().await, Session::new());
    stage.script(&session, &json!({ "outcome": outcome })).await;
    stage.pay(&session, GOOD).await;
    let calls = stage.merchant.wait_for(calls).await;
    (stage, session, calls)
}

fn kinds(calls: &[Call]) -> Vec<String> {
    calls.iter().map(Call::kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_refused_by_script_stays_refused_under_its_name_and_takes_nothing_from_the_next() {
    let (stage, session) = (Stage::new().await, Session::new());
    stage.pay(&session, GOOD).await;
    let refund = || {
        json!({"refund_id": unique_uuid(), "payment_id": session.payment_id,
               "amount": {"amount": 24_000, "currency": "EUR"}})
    };
    let (first, second) = (refund(), refund());
    stage.script(&session, &json!({"refunds": "refused"})).await;
    assert_eq!(stage.api.post("/v1/refunds", &first).await.expect(201)["status"], "failed");
    assert_eq!(stage.merchant.wait_for(2).await[1].json()["type"], "refund.failed");
    stage.script(&session, &json!({})).await;
    let stage = stage.restarted().await;
    assert_eq!(stage.api.post("/v1/refunds", &first).await.expect(201)["status"], "failed");
    assert_eq!(stage.payment(&session).await["refunded"], json!(null));
    assert_eq!(stage.api.post("/v1/refunds", &second).await.expect(201)["status"], "succeeded");
    assert_eq!(stage.payment(&session).await["refunded"]["amount"], 24_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn decline_then_succeed_declines_even_a_good_card_first() {
    let (stage, session) = (Stage::new().await, Session::new());
    stage.script(&session, &json!({"outcome": "decline_then_succeed"})).await;
    assert_eq!(stage.pay(&session, GOOD).await.status, 402);
    assert_eq!(stage.payment(&session).await["status"], "open");
    assert_eq!(stage.pay(&session, DECLINED).await.status, 200);
    assert_eq!(kinds(&stage.merchant.wait_for(1).await), ["payment.succeeded"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn fail_ends_the_session_unpaid() {
    let (stage, session, calls) = scripted("fail", 1).await;
    assert_eq!(kinds(&calls), ["payment.failed"]);
    assert_eq!(stage.payment(&session).await["status"], "ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn never_answer_captures_and_stays_silent() {
    let (stage, session, _) = scripted("never_answer", 0).await;
    assert_eq!(stage.payment(&session).await["status"], "captured");
    // A second payment's callback comes, and only that one.
    let other = Session::new();
    stage.pay(&other, GOOD).await;
    let calls = stage.merchant.wait_for(1).await;
    assert_eq!(calls[0].json()["data"]["payment_id"], other.payment_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn late_money_cannot_be_voided_and_arrives_when_its_time_has_come() {
    let (stage, session, _) = scripted("late", 0).await;
    assert_eq!(stage.payment(&session).await["status"], "open");
    assert_eq!(stage.void(&session).await["status"], "open");
    stage.advance("PT9M").await;
    assert_eq!(stage.void(&session).await["status"], "open");
    stage.advance("PT2M").await;
    let calls = stage.merchant.wait_for(1).await;
    assert_eq!(kinds(&calls), ["payment.succeeded"]);
    assert!(calls[0].is_signed() && calls[0].age_s().abs() < 60);
    let payment = eventually(DEADLINE, || async {
        Some(stage.payment(&session).await).filter(|payment| payment["status"] == "captured")
    });
    assert_eq!(payment.await["provider_reference"], calls[0].json()["data"]["provider_reference"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_while_money_is_on_its_way_is_open_until_it_arrives() {
    let (stage, session) = (Stage::new().await, Session::new());
    let events = json!([{"do": "end"}, {"do": "callback", "kind": "payment.failed"},
        {"do": "capture", "after_ms": 60_000}]);
    stage.script(&session, &json!({ "events": events })).await;
    stage.pay(&session, GOOD).await;
    assert_eq!(kinds(&stage.merchant.wait_for(1).await), ["payment.failed"]);
    assert_eq!(stage.payment(&session).await["status"], "open");
    assert_eq!(stage.void(&session).await["status"], "open");
    stage.advance("PT61S").await;
    let captured = eventually(DEADLINE, || async {
        Some(stage.void(&session).await).filter(|payment| payment["status"] == "captured")
    });
    assert_eq!(captured.await["amount"]["amount"], 24_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn twice_delivers_the_same_message_twice() {
    let (_stage, _session, calls) = scripted("twice", 2).await;
    assert_eq!((calls[0].id(), &calls[0].body), (calls[1].id(), &calls[1].body));
}

#[tokio::test(flavor = "multi_thread")]
async fn out_of_order_tells_an_older_failure_after_the_success() {
    let (stage, session, calls) = scripted("out_of_order", 2).await;
    assert_eq!(kinds(&calls), ["payment.succeeded", "payment.failed"]);
    let at = |call: &Call| call.json()["timestamp"].as_str().unwrap().parse::<domain::Instant>().unwrap();
    assert!(at(&calls[1]) < at(&calls[0]));
    assert_eq!(stage.payment(&session).await["status"], "captured");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_amount_captures_a_cent_less() {
    let (stage, session, calls) = scripted("wrong_amount", 1).await;
    assert_eq!(calls[0].json()["data"]["amount"]["amount"], 23_999);
    assert_eq!(stage.payment(&session).await["amount"]["amount"], 23_999);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_signature_is_sent_once_and_does_not_hold() {
    let (stage, session) =
        (Stage::with(tempfile::tempdir().unwrap(), Receiver::answering(&[401]).await).await, Session::new());
    stage.script(&session, &json!({"outcome": "bad_signature"})).await;
    stage.pay(&session, GOOD).await;
    let first = stage.merchant.wait_for(1).await.remove(0);
    assert!(!first.is_signed());
    stage.pay(&Session::new(), GOOD).await;
    let calls = stage.merchant.wait_for(2).await;
    assert_ne!(calls[1].id(), first.id());
    assert_eq!(stage.payment(&session).await["status"], "captured");
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_signature_is_well_signed_and_an_hour_old() {
    let (_stage, _session, calls) = scripted("stale_signature", 1).await;
    assert!(calls[0].is_signed() && calls[0].age_s() >= 3_600);
}

#[tokio::test(flavor = "multi_thread")]
async fn paid_twice_captures_two_payments_that_can_both_go_back() {
    let (stage, session, calls) = scripted("paid_twice", 2).await;
    let references: HashSet<_> =
        calls.iter().map(|call| call.json()["data"]["provider_reference"].to_string()).collect();
    assert_eq!(references.len(), 2);
    for _ in 0..2 {
        let refund = json!({"refund_id": testkit::unique_uuid(), "payment_id": session.payment_id,
            "amount": {"amount": 24_000, "currency": "EUR"}});
        stage.api.post("/v1/refunds", &refund).await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_of_events_plays_without_a_page() {
    let (stage, session) = (Stage::new().await, Session::new());
    let answer = stage
        .script(&session, &json!({
            "session": {"booking_id": session.booking_id, "amount": {"amount": 24_000, "currency": "EUR"}},
            "pay": true,
            "events": [
                {"do": "decline"},
                {"do": "callback", "kind": "payment.failed", "signature": "bad"},
                {"do": "capture", "amount": {"amount": 7, "currency": "EUR"}},
                {"do": "callback", "kind": "payment.succeeded", "times": 3},
            ],
        }))
        .await;
    assert_eq!((&answer["status"], &answer["amount"]["amount"]), (&json!("captured"), &json!(7)));
    let calls = stage.merchant.wait_for(4).await;
    assert_eq!(
        kinds(&calls),
        ["payment.failed", "payment.succeeded", "payment.succeeded", "payment.succeeded"]
    );
    assert!(!calls[0].is_signed() && calls[1].is_signed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_may_make_the_api_unavailable_for_one_payment() {
    let (stage, session) = (Stage::new().await, Session::new());
    stage.script(&session, &json!({"api": "unavailable"})).await;
    let path = format!("/v1/payments/{}", session.payment_id);
    stage.api.get(&path).await.expect_problem(503, "unavailable");
    stage.api.post(&format!("{path}/void"), &json!(null)).await.expect_problem(503, "unavailable");
    assert_eq!(stage.payment(&Session::new()).await["status"], "unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_that_make_no_sense_are_refused_and_change_nothing() {
    let (stage, session) = (Stage::new().await, Session::new());
    let path = format!("/v1/scripts/{}", session.payment_id);
    let many = vec![json!({"do": "decline"}); 51];
    for (script, code) in [
        (json!({"outcome": "explode"}), "invalid_field"),
        (json!({"outcome": "late", "events": []}), "invalid_field"),
        (json!({"events": many}), "invalid_field"),
        (json!({"outcome": "late", "delay_ms": 99_000_000_000_000u64}), "invalid_field"),
        (json!({"outcome": "succeed", "pay": true}), "invalid_field"),
        (json!({"outcome": "succeed", "x": 1}), "unknown_field"),
    ] {
        stage.api.put(&path, &script).await.expect_problem(422, code);
    }
    assert_eq!(stage.payment(&session).await["status"], "unknown");
}
