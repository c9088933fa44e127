//! A booking that was archived and purged still answers its key, and money that comes for it goes back.

use std::time::Duration;

use records::{
    ActiveBookings, Archive, Purge,
    archive::cassandra::{CassandraArchive, CassandraSettings},
    purge,
};
use reqwest::Method;
use serde_json::json;

use crate::stage::{Setup, Stage, now, paid};

const DEADLINE: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn a_purged_booking_answers_its_key_and_its_late_money_goes_back_once() {
    let cassandra = testkit::cassandra::archive().await;
    let stage = Stage::set(Setup { keyspace: cassandra.keyspace.clone(), ..Setup::default() }).await;
    let who = stage.traveller();
    let order = stage.order(&[(stage.deluxe, 1)]);
    let send = || who.call(Method::POST, "/v1/bookings").header("idempotency-key", "k").json(&order).send();
    let booking = send().await.expect(201);
    let path = format!("/v1/bookings/{}/cancellation", booking["booking_id"].as_str().unwrap());
    who.post(&path, &json!({})).await.expect(200);
    let archive = CassandraArchive::new(CassandraSettings::at(cassandra.nodes, cassandra.keyspace));
    testkit::eventually(DEADLINE, || async {
        sqlx::query("update outbox set published_at = now(6)").execute(stage.pool()).await.unwrap();
        let id = booking["booking_id"].as_str().unwrap().parse().unwrap();
        let record = ActiveBookings::new(stage.pool().clone()).record(id).await.unwrap().unwrap();
        archive.put(&record).await.unwrap();
        (purge(stage.pool(), &record, now()).await.unwrap() == Purge::Done).then_some(())
    })
    .await;
    let again = send().await;
    assert_eq!(again.expect(201)["status"], "CANCELLED");
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
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
    // Its repeat tells what has become of the money, not what was so when it was made.
    assert_eq!(send().await.expect(201)["payment"]["status"], "refunded");
}
