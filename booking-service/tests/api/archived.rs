//! A booking that was archived and purged still answers its key, and whatever comes for it is carried out, also while
//! it is being purged.

use std::time::Duration;

use domain::booking::BookingRecord;
use platform::mysql::{self, MySqlSettings};
use records::{
    ActiveBookings, Archive, Purge,
    archive::cassandra::{CassandraArchive, CassandraSettings},
    purge,
};
use reqwest::Method;
use serde_json::{Value as Json, json};
use sqlx::{MySql, MySqlPool, Transaction};

use crate::stage::{Setup, Stage, event, now, paid, toml_like::Value};

const DEADLINE: Duration = Duration::from_secs(15);
/// How long a session waits for a row here.
const PATIENCE_S: u32 = 30;

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
async fn a_callback_that_read_the_booking_before_its_purge_sends_its_money_back() {
    let (stage, archive) = patient_stage().await;
    let (booking, _) = cancelled(&stage).await;
    let record = copy(&stage, &archive, &booking).await;
    let (body, patient, row) = (paid(&booking, "pr_late"), patient(&stage), held(&stage, &record).await);
    let (purged, called, ()) = tokio::join!(
        purge(&patient, &record, now()),
        async {
            stage.waiting_for_a_row(1).await;
            stage.callback("m1", &body, 0).await
        },
        async {
            stage.waiting_for_a_row(2).await;
            row.rollback().await.unwrap();
        },
    );
    assert_eq!((purged.unwrap(), called.status), (Purge::Done, 204));
    its_money_went_back_once(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_that_meets_a_callback_leaves_the_booking_whose_money_goes_back() {
    let (stage, archive) = patient_stage().await;
    let (booking, _) = cancelled(&stage).await;
    let record = copy(&stage, &archive, &booking).await;
    let (body, patient, row) = (paid(&booking, "pr_late"), patient(&stage), held(&stage, &record).await);
    let (called, purged, ()) = tokio::join!(
        stage.callback("m1", &body, 0),
        async {
            stage.waiting_for_a_row(1).await;
            purge(&patient, &record, now()).await
        },
        async {
            stage.waiting_for_a_row(2).await;
            row.rollback().await.unwrap();
        },
    );
    assert_eq!((purged.unwrap(), called.status), (Purge::Changed, 204));
    assert_eq!(stage.status(&booking).await.0, "CANCELLED");
    its_money_went_back_once(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_that_read_the_booking_before_its_purge_is_answered_as_always() {
    let (stage, archive) = patient_stage().await;
    let (booking, path) = cancelled(&stage).await;
    let record = copy(&stage, &archive, &booking).await;
    // Whoever has read the booking needs its hotel next, and the archiver does not.
    let mut hotels = stage.pool().acquire().await.unwrap();
    sqlx::raw_sql("lock tables hotels_seen write").execute(&mut *hotels).await.unwrap();
    let manager = stage.manager();
    let again = async { manager.post(&path, &json!({})).await };
    let (again, ()) = tokio::join!(again, async {
        stage.waiting_for_a_table().await;
        assert_eq!(purge(stage.pool(), &record, now()).await.unwrap(), Purge::Done);
        sqlx::raw_sql("unlock tables").execute(&mut *hotels).await.unwrap();
    });
    assert_eq!(again.expect(200)["booking"]["status"], "CANCELLED");
}

async fn its_money_went_back_once(stage: &Stage) {
    testkit::wait::eventually_equals(DEADLINE, 1, || async { stage.provider.refunds().len() }).await;
    let sql = "select outcome from payment_events where webhook_id = 'm1'";
    let outcome: String = sqlx::query_scalar(sql).fetch_one(stage.pool()).await.unwrap();
    assert_eq!(outcome, "late_payment_refunded");
}

/// Whose sessions wait for a row for as long as a loaded machine may need.
async fn patient_stage() -> (Stage, CassandraArchive) {
    let cassandra = testkit::cassandra::archive().await;
    let patience = || Value::Number(PATIENCE_S.into());
    let settings = vec![("mysql.lock_wait_timeout_s", patience()), ("core.lock_wait_s", patience())];
    let setup = Setup { keyspace: cassandra.keyspace.clone(), settings, ..Setup::default() };
    let archive = CassandraArchive::new(CassandraSettings::at(cassandra.nodes, cassandra.keyspace).unwrap());
    (Stage::set(setup).await, archive)
}

/// The archiver's sessions, as patient.
fn patient(stage: &Stage) -> MySqlPool {
    let at = MySqlSettings::at(stage.db.url.clone()).unwrap();
    mysql::connect(&MySqlSettings { lock_wait_timeout_s: PATIENCE_S, ..at }).unwrap()
}

/// Holds the booking's row until it is dropped: whoever wants it stands in line, and gets it in that order.
async fn held(stage: &Stage, record: &BookingRecord) -> Transaction<'static, MySql> {
    let mut row = stage.pool().begin().await.unwrap();
    let sql = "select booking_id from bookings where booking_id = ? for update";
    sqlx::query(sql).bind(record.booking_id.uuid()).execute(&mut *row).await.unwrap();
    row
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
async fn cancelled(stage: &Stage) -> (Json, String) {
    let who = stage.traveller();
    let booking = stage.book(&who, &[(stage.deluxe, 1)]).await;
    let path = format!("/v1/bookings/{}/cancellation", booking["booking_id"].as_str().unwrap());
    who.post(&path, &json!({})).await.expect(200);
    (booking, path)
}

/// Copies the booking into the archive once its void is settled and its events are published.
async fn copy(stage: &Stage, archive: &CassandraArchive, booking: &Json) -> BookingRecord {
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
    sqlx::query("update outbox set published_at = now(6)").execute(stage.pool()).await.unwrap();
    record
}

/// Archives and purges the booking, as soon as nothing about it is open.
async fn move_out(stage: &Stage, archive: &CassandraArchive, booking: &Json) {
    testkit::eventually(DEADLINE, || async {
        sqlx::query("update outbox set published_at = now(6)").execute(stage.pool()).await.unwrap();
        let id = booking["booking_id"].as_str().unwrap().parse().unwrap();
        let record = ActiveBookings::new(stage.pool().clone()).record(id).await.unwrap().unwrap();
        archive.put(&record).await.unwrap();
        (purge(stage.pool(), &record, now()).await.unwrap() == Purge::Done).then_some(())
    })
    .await;
}
