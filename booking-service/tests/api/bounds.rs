//! What a full line is told and who passes it, and what becomes of those who are let in before the end.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::{StreamExt, future::join_all, stream::FuturesUnordered};
use reqwest::Method;
use serde_json::Value;
use testkit::http::Http;

use crate::stage::Stage;

/// Of these one batch has the first, and few wait for the next.
const AT_ONCE: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_line_of_bookings_is_told_so_at_once_and_callbacks_pass_it() {
    // Half of them of one hotel.
    let stage = Stage::with("core.waiting", 8).await;
    let room = stage.room(1_000).await;
    let held = stage.book(&stage.traveller(), &[(stage.single, 1)]).await;
    let mut changed = stage.pool().begin().await.unwrap();
    let locked = sqlx::query("select room_id from room_stock where room_id = ? for update");
    locked.bind(room.uuid()).execute(&mut *changed).await.unwrap();
    let order = stage.order(&[(room, 1)]);
    let travellers: Vec<_> = (0..AT_ONCE).map(|_| stage.traveller()).collect();
    let mut replies: FuturesUnordered<_> =
        travellers.iter().map(|who| who.post("/v1/bookings", &order)).collect();
    // Nobody whom the line has room for is answered while the room is locked.
    for _ in 0..AT_ONCE / 2 {
        let refused = replies.next().await.unwrap();
        refused.expect_problem(503, "overloaded");
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
    assert_eq!(stage.pay(&held).await.status, 204);
    assert_eq!(stage.status(&held).await.0, "BOOKED");
    changed.rollback().await.unwrap();
    let others: Vec<u16> = replies.map(|reply| reply.status).collect().await;
    let made = others.iter().filter(|status| **status == 201).count();
    assert!(made > 0 && others.iter().all(|status| [201, 503].contains(status)), "{others:?}");
    assert_eq!(stage.db.number("select count(*) from bookings").await, i64::try_from(made + 1).unwrap());
}

/// Books again and again, each time by a connection of its own, until nobody answers any more; what was made.
async fn books(door: &Http, order: &Value, made: &Mutex<BTreeSet<String>>) {
    loop {
        let who = door.as_caller(testkit::token(&["traveller"], testkit::unique_uuid()));
        let call = who.call(Method::POST, "/v1/bookings").header("idempotency-key", "same");
        let Ok(reply) = call.header("connection", "close").json(order).try_send().await else { return };
        if reply.status == 201 {
            let id = reply.json()["booking_id"].as_str().unwrap().to_owned();
            made.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_told_to_stop_under_load_answers_for_all_that_it_has_booked() {
    let stage = Stage::plain().await;
    let copy = stage.another_copy().await;
    let door = Http::at(format!("http://{}", copy.address()));
    let order = stage.order(&[(stage.room(10_000).await, 1)]);
    let made: Mutex<BTreeSet<String>> = Mutex::default();
    let so_far = || made.lock().unwrap_or_else(PoisonError::into_inner).len();
    let stops = async {
        testkit::eventually(Duration::from_secs(30), || async { (so_far() >= 200).then_some(()) }).await;
        let before = so_far();
        copy.stop().await;
        before
    };
    let (before, _) = tokio::join!(stops, join_all((0..64).map(|_| books(&door, &order, &made))));
    let made = made.into_inner().unwrap();
    assert!(made.len() > before, "those who were let in were answered behind the word to stop");
    let stored: Vec<uuid::Uuid> =
        sqlx::query_scalar("select booking_id from bookings").fetch_all(stage.pool()).await.unwrap();
    assert_eq!(stored.iter().map(ToString::to_string).collect::<BTreeSet<_>>(), made);
}
