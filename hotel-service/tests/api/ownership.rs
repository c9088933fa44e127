use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Token, unique_uuid};

use crate::stage::{Stage, room_body};

/// Every operation on the hotel and room, with everything in order but the caller.
fn operations(stage: &Stage, hotel: &str, room: &str) -> Vec<(Method, String, Option<Value>)> {
    let rooms = format!("{hotel}/rooms");
    vec![
        (Method::GET, hotel.to_owned(), None),
        (Method::PUT, hotel.to_owned(), Some(stage.hotel_body())),
        (Method::PATCH, hotel.to_owned(), Some(json!({"name": "Mine now"}))),
        (Method::DELETE, hotel.to_owned(), None),
        (Method::GET, format!("{hotel}/audit"), None),
        (Method::GET, rooms.clone(), None),
        (Method::POST, rooms, Some(room_body())),
        (Method::GET, room.to_owned(), None),
        (Method::PUT, room.to_owned(), Some(room_body())),
        (Method::PATCH, room.to_owned(), Some(json!({"quantity": 0}))),
        (Method::DELETE, room.to_owned(), None),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn anothers_hotel_is_answered_as_one_that_is_not_there() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    let (room, _) = stage.room(&hotel).await;
    let before = stage.rows().await;
    let absent = format!("/v1/hotels/{}", unique_uuid());
    let absent_room = format!("{absent}/rooms/{}", unique_uuid());
    let theirs = operations(&stage, &hotel, &room);
    let nobodys = operations(&stage, &absent, &absent_room);
    for ((method, path, body), (_, nowhere, _)) in theirs.into_iter().zip(nobodys) {
        let ask = async |path: &str| {
            let call = stage.other_manager.call(method.clone(), path).header("if-match", "\"1\"");
            let call = call.header("idempotency-key", "key-1");
            let reply = match &body {
                Some(body) => call.json(body).send().await,
                None => call.send().await,
            };
            let mut problem = reply.expect_problem(404, "not_found");
            let object = problem.as_object_mut().unwrap();
            object.remove("request_id");
            object.remove("instance");
            problem
        };
        assert_eq!(ask(&path).await, ask(&nowhere).await, "{method} {path}");
    }
    assert_eq!(stage.rows().await, before);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn travellers_are_refused_and_nobody_unknown_is_let_in() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    let (room, _) = stage.room(&hotel).await;
    let mut all = operations(&stage, &hotel, &room);
    all.push((Method::GET, "/v1/hotels".to_owned(), None));
    all.push((Method::POST, "/v1/hotels".to_owned(), Some(stage.hotel_body())));
    let before = stage.rows().await;
    let good = Token::of(&["manager"], &stage.manager_id.to_string());
    let strangers = [
        good.clone().expired().sign(),
        good.clone().wrong_key().sign(),
        good.clone().wrong_audience().sign(),
        good.unsigned(),
    ];
    for (method, path, _) in all {
        stage.traveller.call(method.clone(), &path).send().await.expect_problem(403, "forbidden");
        stage.anybody.call(method.clone(), &path).send().await.expect_problem(401, "unauthenticated");
        for stranger in &strangers {
            let caller = stage.anybody.as_caller(stranger.as_str());
            caller.call(method.clone(), &path).send().await.expect_problem(401, "unauthenticated");
        }
    }
    assert_eq!(stage.rows().await, before);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_does_everything_everywhere_and_an_account_shares_its_hotels() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    let renamed = stage.operator.patch(&hotel, "\"1\"", &json!({"name": "Renamed"})).await.expect(200);
    assert_eq!(renamed["owner_id"], json!(stage.manager_id));
    assert_eq!(stage.operator.get("/v1/hotels").await.expect(200)["items"].as_array().unwrap().len(), 1);

    let account = unique_uuid();
    let colleague = || {
        let token = Token::of(&["manager"], &unique_uuid().to_string()).account(account).sign();
        stage.anybody.as_caller(token)
    };
    let made = colleague().post("/v1/hotels", &stage.hotel_body()).await;
    assert_eq!(made.expect(201)["owner_id"], json!(account));
    colleague().get(made.header("location").unwrap()).await.expect(200);
    assert_eq!(colleague().get("/v1/hotels").await.expect(200)["items"].as_array().unwrap().len(), 1);
    stage.end().await;
}
