//! A booking that was archived and purged still answers its key, and whatever comes for it is carried out, also while
//! it is being purged.

use std::time::Duration;

use records::{
    ActiveBookings, Archive, Purge,
    archive::cassandra::{CassandraArchive, CassandraSettings},
    purge,
};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stage::{Setup, Stage, event, now, paid};

const DEADLINE: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn a_purged_booking_answers_its_key_as_at_first_and_its_late_money_goes_back_once() {
    let cassandra = testkit::cassandra::archive().await;
    let stage = Stage::set(Setup { keyspace: cassandra.keyspace.clone(), ..Setup::default() }).await;
    let token = testkit::token(&["traveller"], testkit::unique_uuid());
    let (_copy, there) = stage.copy_with_another_checkout().await;
    let (who, there) = (stage.http().as_caller(&token), there.as_caller(&token));
    let order = stage.order(&[(stage.deluxe, 1)]);
    let send = || who.call(Method::POST, "/v1/bookings").header("idempotency-key", "k").json(&order).send();
    let first = send().await;
    let booking = first.expect(201);
    let path = format!("/v1/bookings/{}/cancellation", booking["booking_id"].as_str().unwrap());
    who.post(&path, &json!({})).await.expect(200);
    let archive = CassandraArchive::new(CassandraSettings::at(cassandra.nodes, cassandra.keyspace).unwrap());
    move_out(&stage, &archive, &booking).await;
    let moved = there.call(Method::POST, "/v1/bookings").header("idempotency-key", "k").json(&order);
    for again in [send().await, moved.send().await] {
        assert_eq!((again.expect(201), again.etag()), (booking.clone(), first.etag()));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
    }
    assert_eq!(who.get(&path).await.expect(200)["reason"], "already_cancelled");
    assert_eq!(who.post(&path, &json!({})).await.expect(200)["booking"]["status"], "CANCELLED");
    for id in ["m1", "m2"] {
        assert_eq!(stage.callback(id, &paid(&booking, "pr_late"), 0).await.status, 204);
    }
    testkit::wait::eventually_equals(DEADLINE, 1, || async { stage.provider.refunds().len() }).await;
    testkit::eventually(DEADLINE, || async {
        let sql = "select cast(status as char) from refunds";
        let statuses: Vec<String> = sqlx::query_scalar(sql).fetch_all(stage.pool()).await.unwrap();
        (statuses == ["succeeded"]).then_some(())
    })
    .await;
    assert_eq!(send().await.expect(201), booking);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_meets_the_purge_sends_its_money_back() {
    let (stage, archive) = stage().await;
    let (booking, _) = cancelled(&stage).await;
    let record = copy(&stage, &archive, &booking).await;
    // The archiver holds the row: the callback has read it before and wants to change it, or comes after it is gone. Either way
    // its money goes back.
    let mut archiver = stage.pool().begin().await.unwrap();
    let locked = sqlx::query("select booking_id from bookings where booking_id = ? for update");
    locked.bind(record).execute(&mut *archiver).await.unwrap();
    let body = paid(&booking, "pr_late");
    let called = stage.callback("m1", &body, 0);
    let purged = async {
        for sql in [
            "insert into purged_bookings (booking_id, hotel_id, user_id, client_reference, idempotency_scope, \
             idempotency_hash, payment_id, invoice_id, status, late_payment, start_date, end_date, version, actor_kind, \
             actor_id, actor_subject, purged_at, created_at, updated_at) \
             select booking_id, hotel_id, user_id, client_reference, idempotency_scope, idempotency_hash, payment_id, \
             invoice_id, status, late_payment, start_date, end_date, version, actor_kind, actor_id, actor_subject, \
             now(6), created_at, now(6) from bookings where booking_id = ?",
            "delete from bookings where booking_id = ?",
        ] {
            sqlx::query(sql).bind(record).execute(&mut *archiver).await.unwrap();
        }
        archiver.commit().await.unwrap();
    };
    let (called, ()) = tokio::join!(called, purged);
    assert_eq!(called.status, 204);
    testkit::wait::eventually_equals(DEADLINE, 1, || async { stage.provider.refunds().len() }).await;
    let sql = "select count(*) from payment_events where outcome = 'unknown_booking'";
    let unknown: i64 = sqlx::query_scalar(sql).fetch_one(stage.pool()).await.unwrap();
    assert_eq!(unknown, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_in_review_of_a_purged_booking_can_be_sent_back() {
    let (stage, archive) = stage().await;
    let (booking, path) = cancelled(&stage).await;
    move_out(&stage, &archive, &booking).await;
    let less = json!({"amount": 1_000, "currency": "EUR"});
    let body = event("payment.succeeded", &booking, &less, "pr_less");
    assert_eq!(stage.callback("m1", &body, 0).await.status, 204);
    let operator = stage.operator();
    let listed = operator.get("/v1/payments/reviews").await.expect(200);
    let payment = listed["items"][0]["payment_id"].as_str().unwrap();
    let refund = format!("/v1/payments/{payment}/refund");
    assert_eq!(operator.post(&refund, &json!({})).await.expect(200)["status"], "CANCELLED");
    testkit::wait::eventually_equals(DEADLINE, 1, || async { stage.provider.refunds().len() }).await;
    assert_eq!(stage.provider.refunds().values().next().unwrap()["amount"], less);
    let who = stage.traveller();
    who.post(&path, &json!({})).await.expect_problem(404, "not_found");
}

async fn stage() -> (Stage, CassandraArchive) {
    let cassandra = testkit::cassandra::archive().await;
    let stage = Stage::set(Setup { keyspace: cassandra.keyspace.clone(), ..Setup::default() }).await;
    let archive = CassandraArchive::new(CassandraSettings::at(cassandra.nodes, cassandra.keyspace).unwrap());
    (stage, archive)
}

/// A booking that its traveller has cancelled unpaid, and where its cancellation is.
async fn cancelled(stage: &Stage) -> (Value, String) {
    let who = stage.traveller();
    let booking = stage.book(&who, &[(stage.deluxe, 1)]).await;
    let path = format!("/v1/bookings/{}/cancellation", booking["booking_id"].as_str().unwrap());
    who.post(&path, &json!({})).await.expect(200);
    (booking, path)
}

/// Copies the booking into the archive once its void is settled.
async fn copy(stage: &Stage, archive: &CassandraArchive, booking: &Value) -> Uuid {
    let id = booking["booking_id"].as_str().unwrap();
    testkit::eventually(DEADLINE, || async {
        let sql = "select count(*) from voids where status in ('owed', 'sent')";
        let owed: i64 = sqlx::query_scalar(sql).fetch_one(stage.pool()).await.unwrap();
        (owed == 0).then_some(())
    })
    .await;
    let record =
        ActiveBookings::new(stage.pool().clone()).record(id.parse().unwrap()).await.unwrap().unwrap();
    archive.put(&record).await.unwrap();
    id.parse().unwrap()
}

/// Archives and purges the booking, as soon as nothing about it is open.
async fn move_out(stage: &Stage, archive: &CassandraArchive, booking: &Value) {
    testkit::eventually(DEADLINE, || async {
        sqlx::query("update outbox set published_at = now(6)").execute(stage.pool()).await.unwrap();
        let id = booking["booking_id"].as_str().unwrap().parse().unwrap();
        let record = ActiveBookings::new(stage.pool().clone()).record(id).await.unwrap().unwrap();
        archive.put(&record).await.unwrap();
        (purge(stage.pool(), &record, now()).await.unwrap() == Purge::Done).then_some(())
    })
    .await;
}
