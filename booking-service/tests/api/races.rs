//! Two who want the same: never the same room twice.

use std::collections::BTreeSet;

use futures::{
    StreamExt,
    future::join_all,
    stream::{self, FuturesUnordered},
};
use reqwest::Method;
use testkit::http::Http;

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_want_the_last_room_at_once_one_gets_it() {
    let stage = Stage::plain().await;
    let order = stage.order(&[(stage.single, 1)]);
    let travellers: Vec<_> = (0..8).map(|_| stage.traveller()).collect();
    let replies = join_all(travellers.iter().map(|who| who.post("/v1/bookings", &order))).await;
    let booked = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(booked, 1);
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.expect_problem(409, "sold_out");
    }
    assert_eq!(stage.left(stage.single).await, [0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_sent_at_once_has_one_effect_and_one_answer() {
    let stage = Stage::plain().await;
    let who = stage.traveller();
    let order = stage.order(&[(stage.deluxe, 1)]);
    let send =
        || who.call(Method::POST, "/v1/bookings").header("idempotency-key", "same").json(&order).send();
    let replies = join_all((0..6).map(|_| send())).await;
    for reply in &replies {
        assert_eq!((reply.status, &reply.body), (201.try_into().unwrap(), &replies[0].body));
    }
    assert_eq!(stage.left(stage.deluxe).await, [2, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_never_meets_its_own_first_try_whichever_copy_it_reaches() {
    let stage = Stage::plain().await;
    let copy = stage.another_copy().await;
    let room = stage.room(1_000).await;
    let (first, second) = (stage.http(), Http::at(format!("http://{}", copy.address())));
    for round in 0..12 {
        // The limit of open holds is reached by the booking itself.
        let token = testkit::token(&["traveller"], testkit::unique_uuid());
        let (here, there) = (first.as_caller(token.clone()), second.as_caller(token));
        for _ in 0..2 {
            stage.book(&here, &[(room, 1)]).await;
        }
        let mut order = stage.order(&[(room, 1)]);
        order["client_reference"] = format!("round-{round}").into();
        let send = |who: &Http| {
            who.call(Method::POST, "/v1/bookings").header("idempotency-key", "same").json(&order).send()
        };
        let replies = join_all((0..8).map(|at| send(if at % 2 == 0 { &here } else { &there }))).await;
        for reply in &replies {
            assert_eq!(reply.status, 201, "round {round}: {}", reply.text());
            assert_eq!(reply.body, replies[0].body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_repeats_of_each_of_five_hundred_bookings_at_two_copies_make_five_hundred() {
    let stage = Stage::plain().await;
    let copy = stage.another_copy().await;
    let doors = [stage.http(), Http::at(format!("http://{}", copy.address()))];
    let room = stage.room(500).await;
    let order = stage.order(&[(room, 1)]);
    let asks = |_| {
        let token = testkit::token(&["traveller"], testkit::unique_uuid());
        let there = doors.each_ref().map(|door| door.as_caller(token.clone()));
        let order = &order;
        async move {
            // A request whose headers are not there in time (`kit.http.header_timeout_ms`) is told to come again: on a machine that
            // is busy with this crowd and other tests, some are.
            let send = async |door: &Http| loop {
                let call = door.call(Method::POST, "/v1/bookings").header("idempotency-key", "same");
                let reply = call.json(order).send().await;
                if reply.status != 408 {
                    return reply;
                }
            };
            let replies = join_all((0..8).map(|at| send(&there[at % 2]))).await;
            for reply in &replies {
                assert_eq!((reply.status, &reply.body), (201, &replies[0].body), "{}", reply.text());
            }
            replies[0].json()["booking_id"].to_string()
        }
    };
    let made: BTreeSet<String> = stream::iter(0..500).map(asks).buffer_unordered(64).collect().await;
    assert_eq!(made.len(), 500);
    assert_eq!(stage.db.number("select count(*) from bookings").await, 500);
    assert_eq!(stage.left(room).await, [0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_copies_sell_to_the_last_unit_and_no_further_to_clients_who_go_from_one_to_the_other() {
    let stage = Stage::plain().await;
    let copies = [stage.another_copy().await, stage.another_copy().await];
    let [second, third] = copies.each_ref().map(|copy| Http::at(format!("http://{}", copy.address())));
    let doors = [stage.http(), second, third];
    let quantities = [1, 3, 17, 40];
    let rooms = join_all(quantities.map(|quantity| stage.room(quantity))).await;
    // To two copies at once, and to the third one afterwards: one answer, whichever it is.
    let asks = |who: usize| {
        let (token, order) =
            (testkit::token(&["traveller"], testkit::unique_uuid()), stage.order(&[(rooms[who % 4], 1)]));
        let there = [0, 1, 2].map(|next| doors[(who + next) % 3].as_caller(token.clone()));
        async move {
            let send = |door: &Http| {
                door.call(Method::POST, "/v1/bookings").header("idempotency-key", "same").json(&order).send()
            };
            let (first, beside) = tokio::join!(send(&there[0]), send(&there[1]));
            let last = send(&there[2]).await;
            for reply in [&beside, &last] {
                assert_eq!(reply.status, first.status, "{} and {}", reply.text(), first.text());
            }
            if first.status == 409 {
                for reply in [first, beside, last] {
                    reply.expect_problem(409, "sold_out");
                }
                return (who % 4, false);
            }
            assert_eq!((first.status, &first.body, &first.body), (201, &beside.body, &last.body));
            (who % 4, true)
        }
    };
    let mut sold = [0; 4];
    for (room, made) in join_all((0..240).map(asks)).await {
        sold[room] += u32::from(made);
    }
    assert_eq!(sold, quantities);
    for room in rooms {
        assert_eq!(stage.left(room).await, [0, 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_sixteen_repeats_that_wait_the_next_is_told_to_come_back() {
    let stage = Stage::plain().await;
    let who = stage.traveller();
    let order = stage.order(&[(stage.deluxe, 1)]);
    // While somebody changes the room, the first booking waits, and all its repeats behind it.
    let mut room = stage.pool().begin().await.unwrap();
    let locked = sqlx::query("select room_id from room_stock where room_id = ? for update");
    locked.bind(stage.deluxe.uuid()).execute(&mut *room).await.unwrap();
    let send =
        || who.call(Method::POST, "/v1/bookings").header("idempotency-key", "same").json(&order).send();
    let mut replies: FuturesUnordered<_> = (0..20).map(|_| send()).collect();
    for _ in 0..3 {
        let refused = replies.next().await.unwrap();
        refused.expect_problem(409, "request_in_progress");
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
    room.rollback().await.unwrap();
    let bodies: Vec<_> = replies.map(|reply| reply.expect(201)).collect().await;
    assert_eq!(bodies.len(), 17);
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_and_a_cancellation_at_once_leave_no_money_behind() {
    let stage = Stage::plain().await;
    let who = stage.traveller();
    for _ in 0..3 {
        let booking = stage.book(&who, &[(stage.deluxe, 1)]).await;
        let path = format!("/v1/bookings/{}/cancellation", booking["booking_id"].as_str().unwrap());
        let body = serde_json::json!({});
        let (paid, cancelled) = tokio::join!(stage.pay(&booking), who.post(&path, &body));
        assert_eq!(paid.status, 204);
        cancelled.expect(200);
        assert_eq!(stage.status(&booking).await.0, "CANCELLED");
    }
    let sql = "select count(*) from payments where captured <> refunded";
    let kept: i64 = sqlx::query_scalar(sql).fetch_one(stage.pool()).await.unwrap();
    assert_eq!(kept, 0);
    assert_eq!(stage.left(stage.deluxe).await, [3, 3]);
}
