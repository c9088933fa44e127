//! Callbacks: forged, stale, twice, out of order, late, of another amount.

use std::time::Duration;

use booking_service::{
    jobs::reconcile::{self, Reconciled},
    parts::Shared,
};
use serde_json::json;

use crate::stage::{Setup, Stage, event, paid, toml_like::Value as Set};

const OTHER_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[tokio::test(flavor = "multi_thread")]
async fn only_a_signed_callback_in_time_counts() {
    let stage = Stage::plain().await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    let body = paid(&booking, "pr_1");
    for seconds in [-362, 362] {
        stage.callback("m1", &body, seconds).await.expect_problem(401, "invalid_signature");
    }
    stage.callback_signed(OTHER_SECRET, "m1", &body, 0).await.expect_problem(401, "invalid_signature");
    stage.http().post("/v1/payments/callbacks", &body).await.expect_problem(401, "invalid_signature");
    assert_eq!(stage.status(&booking).await.0, "RESERVED");
    assert_eq!(stage.callback("m1", &body, -330).await.status, 204);
    assert_eq!(stage.status(&booking).await.0, "BOOKED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_well_signed_callback_is_never_limited_and_a_forged_one_costs_its_address() {
    let settings =
        vec![("kit.rate.public_per_second", Set::Number(1)), ("kit.rate.public_burst", Set::Number(2))];
    let stage = Stage::set(Setup { settings, ..Setup::default() }).await;
    let believed = |id: String| {
        let stage = &stage;
        async move { stage.callback(&id, &json!({"type": "payout.paid", "data": {}}), 0).await.status }
    };
    for at in 0..20 {
        assert_eq!(believed(format!("before-{at}")).await, 204);
    }
    let body = json!({"type": "payout.paid"});
    let mut refused = Vec::new();
    for _ in 0..8 {
        refused.push(stage.callback_signed(OTHER_SECRET, "forged", &body, 0).await.status);
    }
    assert_eq!(refused[..2], [401, 401]);
    assert!(refused.contains(&429), "{refused:?}");
    assert_eq!(believed("after".to_owned()).await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_comes_again_or_names_nothing_of_ours_is_recorded_without_effect() {
    let stage = Stage::plain().await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    let body = paid(&booking, "pr_1");
    for id in ["m1", "m1", "m2"] {
        assert_eq!(stage.callback(id, &body, 0).await.status, 204, "{id}");
    }
    let failed = event("payment.failed", &booking, &booking["price"]["due_now"], "pr_1");
    assert_eq!(stage.callback("m3", &failed, 0).await.status, 204);
    assert_eq!(stage.status(&booking).await.0, "BOOKED");
    let mut foreign = body.clone();
    foreign["data"]["booking_id"] = json!(testkit::unique_uuid());
    foreign["data"]["payment_id"] = json!(testkit::unique_uuid());
    assert_eq!(stage.callback("m4", &foreign, 0).await.status, 204);
    assert_eq!(stage.callback("m5", &json!({"type": "payout.paid", "data": {}}), 0).await.status, 204);
    let unmatched = stage.operator().get("/v1/payments/unmatched").await.expect(200);
    assert_eq!(unmatched["items"].as_array().unwrap().len(), 1);
    assert_eq!(unmatched["items"][0]["webhook_id"], "m4");
    let sql = "select (select count(*) from payment_events), (select count(*) from refunds), (select count(*) from invoices)";
    let counts: (i64, i64, i64) = sqlx::query_as(sql).fetch_one(stage.pool()).await.unwrap();
    assert_eq!(counts, (5, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_names_only_the_payment_finds_its_booking() {
    let stage = Stage::plain().await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    let mut body = paid(&booking, "pr_1");
    body["data"].as_object_mut().unwrap().remove("booking_id").unwrap();
    assert_eq!(stage.callback("m1", &body, 0).await.status, 204);
    assert_eq!(stage.status(&booking).await.0, "BOOKED");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_id_with_two_bodies_is_two_messages_and_both_are_kept_whole() {
    let stage = Stage::plain().await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    for reference in ["pr_1", "pr_2", "pr_1"] {
        assert_eq!(stage.callback("m1", &paid(&booking, reference), 0).await.status, 204);
    }
    let sql = "select cast(json_extract(convert(body using utf8mb4), '$.data.provider_reference') as char) \
               from payment_events where webhook_id = 'm1' order by received_at";
    let kept: Vec<String> = sqlx::query_scalar(sql).fetch_all(stage.pool()).await.unwrap();
    assert!(kept.contains(&"\"pr_1\"".to_owned()) && kept.contains(&"\"pr_2\"".to_owned()), "{kept:?}");
    testkit::wait::eventually_equals(Duration::from_secs(10), 1, || async { stage.provider.refunds().len() })
        .await;
    assert_eq!(stage.provider.refunds().values().next().unwrap()["provider_reference"], "pr_2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_an_operator_is_listed_until_it_is_dismissed_however_old() {
    let stage = Stage::with("retention.every_ms", 100).await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    let strange = event("payment.succeeded", &booking, &json!({"amount": 5, "currency": "QQQ"}), "pr_1");
    assert_eq!(stage.callback("m/1", &strange, 0).await.status, 204);
    assert_eq!(stage.callback("m2", &json!({"type": "payout.paid", "data": {}}), 0).await.status, 204);
    stage.advance("P401D").await;
    let operator = stage.operator();
    let kept = || async {
        sqlx::query_scalar::<_, i64>("select count(*) from payment_events")
            .fetch_one(stage.pool())
            .await
            .unwrap()
    };
    testkit::wait::eventually_equals(Duration::from_secs(10), 1, kept).await;
    let listed = operator.get("/v1/payments/unmatched").await.expect(200);
    assert_eq!(listed["items"][0]["webhook_id"], "m/1");
    assert_eq!(listed["items"][0]["reason"], "unreadable_amount");
    let dismissals = "/v1/payments/unmatched/dismissals";
    let seen = listed["items"][0]["body_sha256"].clone();
    let path_of = |id: &str| json!({"webhook_id": id, "body_sha256": seen});
    stage.traveller().post(dismissals, &path_of("m/1")).await.expect_problem(403, "forbidden");
    operator.post(dismissals, &path_of("m2")).await.expect_problem(404, "not_found");
    let dismissed = operator.post(dismissals, &path_of("m/1")).await;
    assert_eq!(dismissed.status, 204);
    testkit::wait::eventually_equals(Duration::from_secs(10), 0, kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dismissal_takes_the_message_that_was_seen_and_no_other_of_its_id() {
    let stage = Stage::plain().await;
    for body in [json!({"type": "payment.succeeded"}), json!(["no object"])] {
        assert_eq!(stage.callback("m1", &body, 0).await.status, 204);
    }
    let operator = stage.operator();
    let items = async || operator.get("/v1/payments/unmatched").await.expect(200)["items"].clone();
    let both = items().await;
    assert_eq!(both.as_array().unwrap().len(), 2);
    let seen = json!({"webhook_id": "m1", "body_sha256": both[0]["body_sha256"]});
    for _ in 0..2 {
        assert_eq!(operator.post("/v1/payments/unmatched/dismissals", &seen).await.status, 204);
        assert_eq!(items().await, json!([both[1]]));
    }
    for (digest, status, code) in [("0".repeat(64), 404, "not_found"), ("A".repeat(64), 422, "invalid_field")]
    {
        let other = json!({"webhook_id": "m1", "body_sha256": digest});
        operator.post("/v1/payments/unmatched/dismissals", &other).await.expect_problem(status, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_capture_goes_back() {
    let stage = Stage::plain().await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    stage.callback("m1", &paid(&booking, "pr_1"), 0).await;
    stage.callback("m2", &paid(&booking, "pr_2"), 0).await;
    let refunds = testkit::eventually(Duration::from_secs(10), || async {
        let refunds = stage.provider.refunds();
        (refunds.len() == 1).then_some(refunds)
    })
    .await;
    let refund = refunds.values().next().unwrap();
    assert_eq!(refund["amount"], booking["price"]["due_now"]);
    assert_eq!(refund["payment_id"], booking["payment"]["payment_id"]);
    assert_eq!(stage.status(&booking).await.0, "BOOKED");
}

#[tokio::test(flavor = "multi_thread")]
async fn money_after_the_session_ended_brings_the_booking_back_while_rooms_are_free() {
    let stage = Stage::plain().await;
    let booking = stage.book(&stage.traveller(), &[(stage.single, 1)]).await;
    let failed = event("payment.failed", &booking, &booking["price"]["due_now"], "pr_1");
    stage.callback("m1", &failed, 0).await;
    assert_eq!(stage.status(&booking).await, ("CANCELLED".to_owned(), Some("payment_failed".to_owned())));
    assert_eq!(stage.left(stage.single).await, [1, 1]);
    stage.callback("m2", &paid(&booking, "pr_2"), 0).await;
    assert_eq!(stage.status(&booking).await, ("BOOKED".to_owned(), None));
    assert_eq!(stage.left(stage.single).await, [0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn late_money_goes_back_when_the_rooms_are_gone_or_the_setting_says_so() {
    let stage = Stage::plain().await;
    let booking = stage.book(&stage.traveller(), &[(stage.single, 1)]).await;
    stage.callback("m1", &event("payment.failed", &booking, &booking["price"]["due_now"], "x"), 0).await;
    stage.book(&stage.traveller(), &[(stage.single, 1)]).await;
    stage.callback("m2", &paid(&booking, "pr_2"), 0).await;
    goes_back(&stage, &booking).await;

    let refunding =
        Setup { settings: vec![("payments.late_payment", Set::Text("refund"))], ..Setup::default() };
    let stage = Stage::set(refunding).await;
    let booking = stage.book(&stage.traveller(), &[(stage.single, 1)]).await;
    stage.callback("m1", &event("payment.failed", &booking, &booking["price"]["due_now"], "x"), 0).await;
    stage.callback("m2", &paid(&booking, "pr_2"), 0).await;
    goes_back(&stage, &booking).await;
}

async fn goes_back(stage: &Stage, booking: &serde_json::Value) {
    assert_eq!(stage.status(booking).await.0, "CANCELLED");
    testkit::eventually(Duration::from_secs(10), || async {
        let sql = "select count(*) from refunds where status = 'succeeded'";
        let done: i64 = sqlx::query_scalar(sql).fetch_one(stage.pool()).await.unwrap();
        (done == 1).then_some(())
    })
    .await;
    let refunds = stage.provider.refunds();
    assert_eq!(refunds.values().next().unwrap()["amount"], booking["price"]["due_now"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_amount_waits_for_an_operator_who_books_or_refunds() {
    let stage = Stage::plain().await;
    let less = json!({"amount": 1_000, "currency": "EUR"});
    let ada = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    let bob = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    for (id, booking) in [("m1", &ada), ("m2", &bob)] {
        let body = event("payment.succeeded", booking, &less, &format!("pr_{id}"));
        assert_eq!(stage.callback(id, &body, 0).await.status, 204);
        assert_eq!(stage.status(booking).await.0, "RESERVED");
    }
    let operator = stage.operator();
    let listed = operator.get("/v1/payments/reviews?page_size=1").await.expect(200);
    assert_eq!(listed["items"][0]["captured"], less);
    assert!(listed["next_page_token"].is_string());
    stage.traveller().get("/v1/payments/reviews").await.expect_problem(403, "forbidden");
    let path = |booking: &serde_json::Value, verb: &str| {
        format!("/v1/payments/{}/{verb}", booking["payment"]["payment_id"].as_str().unwrap())
    };
    let booked = operator.post(&path(&ada, "book"), &json!({})).await.expect(200);
    assert_eq!(booked["status"], "BOOKED");
    let again = operator.post(&path(&ada, "book"), &json!({})).await.expect(200);
    assert_eq!((&again["status"], &again["payment"]), (&booked["status"], &booked["payment"]));
    operator.post(&path(&ada, "refund"), &json!({})).await.expect_problem(404, "not_found");
    for _ in 0..2 {
        operator.post(&path(&bob, "refund"), &json!({})).await.expect(200);
    }
    testkit::wait::eventually_equals(Duration::from_secs(10), 1, || async { stage.provider.refunds().len() })
        .await;
    assert_eq!(stage.provider.refunds().values().next().unwrap()["amount"], less);
}

async fn voids(stage: &Stage, status: &str) -> i64 {
    let sql = "select count(*) from voids where status = ?";
    sqlx::query_scalar(sql).bind(status.to_owned()).fetch_one(stage.pool()).await.unwrap()
}

/// A booking whose session ended unpaid, and whose void the provider answers with that word.
async fn ended_unpaid(stage: &Stage, word: &str) -> serde_json::Value {
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    stage.provider.says(booking["payment"]["payment_id"].as_str().unwrap(), word);
    let failed = event("payment.failed", &booking, &booking["price"]["due_now"], "x");
    assert_eq!(stage.callback(&testkit::unique_word(), &failed, 0).await.status, 204);
    booking
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_arrives_after_the_session_ended_is_found_though_its_callback_is_lost() {
    let stage = Stage::plain().await;
    for word in ["ended", "unknown"] {
        let booking = ended_unpaid(&stage, word).await;
        let payment = booking["payment"]["payment_id"].as_str().unwrap();
        testkit::eventually(Duration::from_secs(10), || async {
            let asked = stage.provider.voids().iter().filter(|id| *id == payment).count();
            (asked >= 2).then_some(())
        })
        .await;
        stage.provider.capture(payment, &booking["price"]["due_now"], &format!("pr_{payment}"));
        stage.becomes(&booking, "BOOKED").await;
    }
    assert_eq!(voids(&stage, "captured").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_too_long_ago_for_money_to_come_is_asked_about_no_more() {
    let stage = Stage::plain().await;
    ended_unpaid(&stage, "ended").await;
    testkit::wait::eventually_equals(Duration::from_secs(10), 1, || voids(&stage, "owed")).await;
    let sql = "update voids set created_at = utc_timestamp(6) - interval 73 hour";
    sqlx::query(sql).execute(stage.pool()).await.unwrap();
    testkit::wait::eventually_equals(Duration::from_secs(10), 1, || voids(&stage, "succeeded")).await;
}

/// The reasons on the operator's list, by the id of the message.
async fn reasons(stage: &Stage) -> Vec<(String, String)> {
    let listed = stage.operator().get("/v1/payments/unmatched").await.expect(200);
    let text = |item: &serde_json::Value, name: &str| item[name].as_str().unwrap().to_owned();
    let items = listed["items"].as_array().unwrap();
    items.iter().map(|item| (text(item, "webhook_id"), text(item, "reason"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_well_signed_is_recorded_and_what_cannot_be_read_waits_for_an_operator() {
    let stage = Stage::plain().await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    let with = |path: &str, value: serde_json::Value| {
        let mut body = paid(&booking, "pr_1");
        *body.pointer_mut(path).unwrap() = value;
        body
    };
    let amount = |value| with("/data/amount/amount", value);
    let cases = [
        (json!({"type": "payment.succeeded"}), "unreadable"),
        (json!(["no object"]), "unreadable"),
        (with("/data/payment_id", json!("x")), "unreadable"),
        (with("/data/provider_reference", json!({})), "unreadable"),
        (with("/type", json!("refund.succeeded")), "unreadable"),
        (with("/data/amount", json!(null)), "unreadable_amount"),
        (amount(json!("400.00")), "unreadable_amount"),
        (amount(json!(400.0)), "unreadable_amount"),
        (amount(json!(9_223_372_036_854_775_808_u64)), "unreadable_amount"),
        (amount(json!(-5)), "unreadable_amount"),
        (amount(json!(0)), "unreadable_amount"),
    ];
    let mut wanted = Vec::new();
    for (at, (body, reason)) in cases.iter().enumerate() {
        let id = format!("m{at:02}");
        assert_eq!(stage.callback(&id, body, 0).await.status, 204, "{body}");
        wanted.push((id, (*reason).to_owned()));
    }
    assert_eq!(reasons(&stage).await, wanted);
    assert_eq!(stage.status(&booking).await.0, "RESERVED");
    let mut odd = with("/data/provider_reference", json!(123));
    odd["data"]["booking_id"] = json!("x");
    assert_eq!(stage.callback("odd", &odd, 0).await.status, 204);
    assert_eq!(stage.status(&booking).await.0, "BOOKED");
    let sql = "select provider_reference from payments where booking_id is not null";
    let reference: String = sqlx::query_scalar(sql).fetch_one(stage.pool()).await.unwrap();
    assert_eq!(reference, "123");
    assert_eq!(stage.callback("nothing", &amount(json!(0)), 0).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_whose_booking_contradicts_it_is_recorded_and_carried_out_once_it_does_not() {
    let stage = Stage::plain().await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    let plant = "insert into booking_log (booking_id, hotel_id, version, at, happening, from_status, to_status, actor_kind) \
                 select booking_id, hotel_id, version + 1, updated_at, 'booked', 'RESERVED', 'BOOKED', 'system' from bookings";
    sqlx::query(plant).execute(stage.pool()).await.unwrap();
    let body = paid(&booking, "pr_1");
    stage.callback("m1", &body, 0).await.expect_problem(503, "unavailable");
    assert_eq!(reasons(&stage).await, [("m1".to_owned(), "unreadable_booking".to_owned())]);
    sqlx::query("delete from booking_log").execute(stage.pool()).await.unwrap();
    assert_eq!(stage.callback("m1", &body, 0).await.status, 204);
    assert_eq!(reasons(&stage).await, []);
    assert_eq!(stage.status(&booking).await.0, "BOOKED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_for_a_booking_that_cannot_be_read_waits_for_an_operator_until_it_is_carried_out() {
    let stage = Stage::plain().await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    let set = async |facts: Vec<u8>| {
        let query = sqlx::query("update bookings set facts = ?");
        query.bind(facts).execute(stage.pool()).await.unwrap();
    };
    let sql = "select facts from bookings";
    let facts: Vec<u8> = sqlx::query_scalar(sql).fetch_one(stage.pool()).await.unwrap();
    set(b"x".to_vec()).await;
    let body = paid(&booking, "pr_1");
    assert_eq!(stage.callback("m1", &body, 0).await.status, 204);
    assert_eq!(reasons(&stage).await, [("m1".to_owned(), "unreadable_booking".to_owned())]);
    set(facts).await;
    assert_eq!(stage.callback("m1", &body, 0).await.status, 204);
    assert_eq!(stage.status(&booking).await.0, "BOOKED");
    assert_eq!(reasons(&stage).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_of_nothing_is_no_payment() {
    let stage = Stage::with("jobs.reconcile_ms", 300).await;
    let booking = stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    let payment = booking["payment"]["payment_id"].as_str().unwrap();
    stage.provider.capture(payment, &json!({"amount": 0, "currency": "EUR"}), "pr_0");
    stage.advance("PT5M1S").await;
    stage.becomes(&booking, "CANCELLED").await;
    assert_eq!(stage.operator().get("/v1/payments/reviews").await.expect(200)["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconciliation_ends_early_when_the_provider_is_away() {
    const LATER: i64 = 3_600_000;
    let own = ["jobs.sweep_ms", "jobs.reconcile_ms", "jobs.owed_ms"].map(|name| (name, Set::Number(LATER)));
    let settings = own.into_iter().chain([("jobs.reconcile_calls", Set::Number(1))]).collect();
    let stage = Stage::set(Setup { settings, ..Setup::default() }).await;
    for _ in 0..3 {
        stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await;
    }
    stage.advance("PT5M1S").await;
    let of_operator = async |shared: &Shared| {
        stage.provider.silent(true);
        let done = reconcile::run(shared).await.unwrap();
        assert_eq!(done, Reconciled { asked: 1, unanswered: 1 });
        stage.provider.silent(false);
        assert_eq!(reconcile::run(shared).await.unwrap(), Reconciled { asked: 3, unanswered: 0 });
    };
    stage.adapters().with_shards(of_operator).await;
}
