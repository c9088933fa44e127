use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{http::Reply, token::Token, unique_uuid};
use uuid::Uuid;

use crate::stage::{Stage, room_body, with};

async fn post(stage: &Stage, path: &str, key: &str, body: &Value) -> Reply {
    stage.manager.call(Method::POST, path).header("idempotency-key", key).json(body).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_creation_is_answered_byte_for_byte_and_done_once() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    for (path, body) in
        [("/v1/hotels".to_owned(), stage.hotel_body()), (format!("{hotel}/rooms"), room_body())]
    {
        let first = post(&stage, &path, "key-1", &body).await;
        let before = stage.rows().await;
        let again = post(&stage, &path, "key-1", &body).await;
        assert_eq!((again.status, &again.body), (201, &first.body));
        for header in ["location", "etag", "content-type"] {
            assert_eq!(again.header(header), first.header(header), "{header}");
        }
        assert_eq!(
            (first.header("idempotency-replayed"), again.header("idempotency-replayed")),
            (None, Some("true"))
        );
        assert_eq!(stage.rows().await, before);
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_fields_does_not_make_another_request_but_another_value_does() {
    let stage = Stage::new().await;
    let body = stage.hotel_body();
    let first = post(&stage, "/v1/hotels", "key-1", &body).await;
    let mut fields: Vec<String> =
        body.as_object().unwrap().iter().map(|(name, value)| format!("{}: {value}", json!(name))).collect();
    fields.reverse();
    let reordered = format!("{{ {} }}", fields.join(" , "));
    let call = stage.manager.call(Method::POST, "/v1/hotels").header("idempotency-key", "key-1");
    let again = call.header("content-type", "application/json").bytes(reordered).send().await;
    assert_eq!(again.body, first.body);
    let other = with(body, "/name", json!("Hotel Inferno"));
    post(&stage, "/v1/hotels", "key-1", &other).await.expect_problem(422, "idempotency_key_reused");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_not_kept_and_a_key_is_its_accounts_own() {
    let stage = Stage::new().await;
    let wrong = with(stage.hotel_body(), "/star_rating", json!(6));
    post(&stage, "/v1/hotels", "key-1", &wrong).await.expect_problem(422, "invalid_field");
    let mine = post(&stage, "/v1/hotels", "key-1", &stage.hotel_body()).await.expect(201);
    let call = stage.other_manager.call(Method::POST, "/v1/hotels").header("idempotency-key", "key-1");
    let theirs = call.json(&stage.hotel_body()).send().await.expect(201);
    assert_ne!(mine["hotel_id"], theirs["hotel_id"]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_of_one_account_who_use_one_key_create_one_hotel() {
    let stage = Stage::new().await;
    let account = unique_uuid();
    let create = |person: Uuid| {
        let caller =
            stage.anybody.as_caller(Token::of(&["manager"], &person.to_string()).account(account).sign());
        let call = caller.call(Method::POST, "/v1/hotels").header("idempotency-key", "key-1");
        call.json(&stage.hotel_body()).send()
    };
    let first = create(unique_uuid()).await.expect(201);
    let second = create(unique_uuid()).await;
    assert_eq!((second.header("idempotency-replayed"), second.expect(201)), (Some("true"), first));
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_equal_creations_at_once_one_is_done_and_all_are_told_the_same() {
    let stage = Stage::new().await;
    let body = stage.hotel_body();
    let replies = join_all((0..8).map(|_| post(&stage, "/v1/hotels", "key-1", &body))).await;
    let made: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 201).collect();
    assert!(made.iter().all(|reply| reply.body == made[0].body));
    for other in replies.iter().filter(|reply| reply.status != 201) {
        other.expect_problem(409, "request_in_progress");
    }
    assert_eq!(stage.manager.get("/v1/hotels").await.expect(200)["items"].as_array().unwrap().len(), 1);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_without_a_readable_key_is_refused() {
    let stage = Stage::new().await;
    let call = || stage.manager.call(Method::POST, "/v1/hotels").json(&stage.hotel_body());
    call().send().await.expect_problem(400, "idempotency_key_missing");
    call().header("idempotency-key", &"k".repeat(256)).send().await.expect_problem(400, "malformed_header");
    assert_eq!(stage.rows().await.first(), Some(&0));
    stage.end().await;
}
