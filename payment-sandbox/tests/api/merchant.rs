use serde_json::{Value, json};
use testkit::unique_uuid;

use crate::{
    receiver::{Receiver, SILENCE},
    stage::{GOOD, Session, Stage},
};

fn refund_of(session: &Session, amount: i64) -> Value {
    json!({"refund_id": unique_uuid(), "payment_id": session.payment_id,
        "amount": {"amount": amount, "currency": "EUR"}})
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_is_only_for_who_has_the_key() {
    let (stage, session) = (Stage::new().await, Session::new());
    for caller in [stage.browser.clone(), stage.browser.as_caller("another key"), stage.browser.as_caller("")]
    {
        let payment = format!("/v1/payments/{}", session.payment_id);
        caller.get(&payment).await.expect_problem(401, "unauthenticated");
        caller.post(&format!("{payment}/void"), &Value::Null).await.expect_problem(401, "unauthenticated");
        caller.post("/v1/refunds", &refund_of(&session, 1)).await.expect_problem(401, "unauthenticated");
        caller.get(&format!("/v1/refunds/{}", unique_uuid())).await.expect_problem(401, "unauthenticated");
        let script =
            caller.put(&format!("/v1/scripts/{}", session.payment_id), &json!({"outcome": "succeed"})).await;
        script.expect_problem(401, "unauthenticated");
    }
    assert_eq!(stage.payment(&session).await["status"], "unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_void_tells_the_merchant_once_and_a_captured_payment_stays_captured() {
    let (stage, session) = (Stage::new().await, Session::new());
    stage.browser.get(&session.link()).await;
    assert_eq!(stage.void(&session).await["status"], "voided");
    assert_eq!(stage.void(&session).await["status"], "voided");
    assert_eq!(stage.merchant.wait_for(1).await[0].kind(), "payment.voided");
    let paid = Session::new();
    stage.pay(&paid, GOOD).await;
    let answer = stage.void(&paid).await;
    assert_eq!((&answer["status"], &answer["amount"]["amount"]), (&json!("captured"), &json!(24_000)));
    assert!(answer["provider_reference"].is_string());
    assert_eq!(stage.merchant.wait_for(2).await[1].kind(), "payment.succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_is_paid_once_however_often_it_is_sent() {
    let (stage, session) = (Stage::new().await, Session::new());
    stage.pay(&session, GOOD).await;
    let refund = refund_of(&session, 10_000);
    let first = stage.api.post("/v1/refunds", &refund).await;
    assert_eq!(first.expect(201)["status"], "succeeded");
    let again = stage.api.post("/v1/refunds", &refund).await;
    assert_eq!(again.expect(201), first.json());
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let path = first.header("location").unwrap().to_owned();
    assert_eq!(stage.api.get(&path).await.expect(200), first.json());
    let told = stage.merchant.wait_for(2).await;
    assert_eq!(told[1].kind(), "refund.succeeded");
    assert_eq!(told[1].json()["data"]["refund_id"], refund["refund_id"]);
    assert_eq!(stage.payment(&session).await["refunded"]["amount"], 10_000);
    let mut other = refund.clone();
    other["amount"]["amount"] = json!(9_999);
    stage.api.post("/v1/refunds", &other).await.expect_problem(422, "idempotency_key_reused");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_names_one_refund() {
    let (stage, session) = (Stage::new().await, Session::new());
    stage.pay(&session, GOOD).await;
    let send = |body: Value| {
        let call = stage.api.call(reqwest::Method::POST, "/v1/refunds").header("idempotency-key", "the-same");
        async move { call.json(&body).send().await }
    };
    send(refund_of(&session, 1)).await.expect(201);
    send(refund_of(&session, 1)).await.expect_problem(422, "idempotency_key_reused");
    let without =
        stage.api.call(reqwest::Method::POST, "/v1/refunds").json(&refund_of(&session, 1)).send().await;
    without.expect_problem(400, "idempotency_key_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn never_more_goes_back_than_was_captured() {
    let (stage, session) = (Stage::new().await, Session::new());
    stage.api.post("/v1/refunds", &refund_of(&session, 1)).await.expect_problem(422, "invalid_field");
    stage.pay(&session, GOOD).await;
    for (amount, currency) in [(24_001, "EUR"), (0, "EUR"), (-1, "EUR"), (1, "USD")] {
        let mut refund = refund_of(&session, amount);
        refund["amount"]["currency"] = json!(currency);
        stage.api.post("/v1/refunds", &refund).await.expect_problem(422, "invalid_field");
    }
    let halves: Vec<Value> = (0..8).map(|_| refund_of(&session, 12_000)).collect();
    let replies =
        futures::future::join_all(halves.iter().map(|half| stage.api.post("/v1/refunds", half))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 2);
    assert_eq!(stage.payment(&session).await["refunded"]["amount"], 24_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_is_sent_again_with_the_same_id_until_it_is_taken() {
    let merchant = Receiver::answering(&[503, 500, 401]).await;
    let stage = Stage::with(tempfile::tempdir().unwrap(), merchant).await;
    stage.pay(&Session::new(), GOOD).await;
    let calls = stage.merchant.wait_for(4).await;
    assert!(
        calls.iter().all(|call| call.id() == calls[0].id() && call.body == calls[0].body && call.is_signed())
    );
    // Taken: the next payment's callback is the next call.
    stage.pay(&Session::new(), GOOD).await;
    let calls = stage.merchant.wait_for(5).await;
    assert_ne!(calls[4].id(), calls[0].id());
    assert_eq!(calls.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_is_for_operators_and_unknown_refunds_are_unknown() {
    let stage = Stage::new().await;
    let body = json!({"advance": "PT1H"});
    stage.browser.post("/dev/clock", &body).await.expect_problem(401, "unauthenticated");
    let traveller = stage.browser.as_caller(testkit::token(&["traveller"], unique_uuid()));
    traveller.post("/dev/clock", &body).await.expect_problem(403, "forbidden");
    stage.api.get(&format!("/v1/refunds/{}", unique_uuid())).await.expect_problem(404, "not_found");
    let document = stage.browser.get("/openapi.json").await.text();
    assert!(document.contains("/v1/scripts/{payment_id}") && !document.contains("/dev/clock"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_is_not_answered_holds_up_those_of_its_payment_and_no_others() {
    let merchant = Receiver::answering(&[SILENCE]).await;
    let (stage, silent) = (Stage::with(tempfile::tempdir().unwrap(), merchant).await, Session::new());
    stage.pay(&silent, GOOD).await;
    stage.merchant.wait_for(1).await;
    stage.api.post("/v1/refunds", &refund_of(&silent, 1)).await.expect(201);
    for others in 1..=3 {
        stage.pay(&Session::new(), GOOD).await;
        let calls = stage.merchant.wait_for(1 + others).await;
        assert_eq!(stage.merchant.unanswered(), 1, "the others had waited for it");
        let of_silent = calls.iter().filter(|call| call.json()["data"]["payment_id"] == silent.payment_id);
        assert_eq!(of_silent.count(), 1, "its next one waits for it");
    }
}
