//! Voids and refunds owed: who sends them.

use std::{collections::BTreeSet, time::Duration};

use chrono::NaiveDateTime;
use serde_json::json;

use crate::stage::Stage;

const DEADLINE: Duration = Duration::from_secs(15);

/// A void of a booking that nobody knows, of a hotel in this share. Its payment.
async fn void_owed(stage: &Stage, share: u8) -> String {
    let (id, payment) = (testkit::unique_uuid(), testkit::unique_uuid());
    let sql = "insert into voids (void_id, payment_id, booking_id, hotel_id, share, reason, status, version, \
               created_at, updated_at) values (?, ?, ?, ?, ?, 'hold_expired', 'owed', 1, now(6), now(6))";
    let query = sqlx::query(sql).bind(id).bind(payment).bind(id).bind(id).bind(share);
    query.execute(stage.pool()).await.unwrap();
    payment.to_string()
}

/// Waits until this copy has renewed its shares so that it must have seen what was there before.
pub(crate) async fn shares_are_seen(stage: &Stage) {
    let alive = || async {
        let sql = "select max(alive_until) from job_copies";
        sqlx::query_scalar::<_, Option<NaiveDateTime>>(sql).fetch_one(stage.pool()).await.unwrap()
    };
    for _ in 0..2 {
        let before = alive().await;
        testkit::eventually(DEADLINE, || async { (alive().await > before).then_some(()) }).await;
    }
}

/// Another copy has this share from now on, as far as this one can know.
pub(crate) async fn is_anothers(stage: &Stage, share: u8) {
    let sql =
        "update job_shares set owner = 'another', lease_until = now(6) + interval 1 hour where share = ?";
    sqlx::query(sql).bind(share).execute(stage.pool()).await.unwrap();
    shares_are_seen(stage).await;
}

/// The other copy lets go of it.
pub(crate) async fn is_let_go(stage: &Stage, share: u8) {
    let sql = "update job_shares set owner = null, lease_until = null where share = ?";
    sqlx::query(sql).bind(share).execute(stage.pool()).await.unwrap();
}

async fn sent(stage: &Stage, payment: &str) {
    let is_sent = || async { stage.provider.voids().iter().any(|void| void == payment).then_some(()) };
    testkit::eventually(DEADLINE, is_sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_void_is_sent_by_the_copy_that_looks_after_its_hotel_and_by_no_other() {
    let stage = Stage::plain().await;
    is_anothers(&stage, 3).await;
    let theirs = void_owed(&stage, 3).await;
    let ours = void_owed(&stage, 4).await;
    sent(&stage, &ours).await;
    // Of one page that of the lower share is sent first.
    assert!(!stage.provider.voids().contains(&theirs));
    is_let_go(&stage, 3).await;
    sent(&stage, &theirs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn voids_wait_while_more_holds_end_than_find_a_place() {
    // One place for all of them.
    let stage = Stage::with("core.waiting", 2).await;
    let mut holds = Vec::new();
    for _ in 0..3 {
        holds.push(stage.book(&stage.traveller(), &[(stage.deluxe, 1)]).await);
    }
    let mut locked = stage.pool().begin().await.unwrap();
    let nights = "select date from available_rooms where room_id = ? for update";
    sqlx::query(nights).bind(stage.deluxe.uuid()).fetch_all(&mut *locked).await.unwrap();
    stage.advance("PT5M").await;
    stage.waiting_for_a_row(1).await;
    shares_are_seen(&stage).await;
    let void = void_owed(&stage, 4).await;
    shares_are_seen(&stage).await;
    assert!(stage.provider.voids().is_empty(), "rooms come first");
    locked.rollback().await.unwrap();
    sent(&stage, &void).await;
    for hold in holds {
        stage.becomes(&hold, "CANCELLED").await;
    }
}

/// Owes a void, which wakes whoever sends them.
async fn owes_a_void(stage: &Stage) {
    let who = stage.traveller();
    let booking = stage.book(&who, &[(stage.deluxe, 1)]).await;
    let path = format!("/v1/bookings/{}/cancellation", booking["booking_id"].as_str().unwrap());
    who.post(&path, &json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_away_is_asked_for_few_of_many_and_for_all_once_it_is_back() {
    // Nobody looks but who is woken.
    let stage = Stage::with("jobs.owed_ms", 3_600_000).await;
    stage.provider.silent(true);
    shares_are_seen(&stage).await;
    let mut owed = BTreeSet::new();
    for _ in 0..300 {
        owed.insert(void_owed(&stage, 4).await);
    }
    owes_a_void(&stage).await;
    let tried = "select count(*) from voids where attempts > 0";
    testkit::eventually(DEADLINE, || async { (stage.db.number(tried).await > 0).then_some(()) }).await;
    shares_are_seen(&stage).await;
    assert!(stage.db.number("select count(*) from voids where attempts = 0").await > 100);
    stage.provider.silent(false);
    let is_sent = || async {
        owes_a_void(&stage).await;
        let voids: BTreeSet<String> = stage.provider.voids().into_iter().collect();
        voids.is_superset(&owed).then_some(())
    };
    testkit::eventually(DEADLINE, is_sent).await;
}
