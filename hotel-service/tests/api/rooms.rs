use reqwest::Method;
use serde_json::json;
use testkit::unique_uuid;

use crate::stage::{Stage, room_body, with};

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_created_read_patched_and_taken_off_sale() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    let (path, room) = stage.room(&hotel).await;
    for (field, value) in room_body().as_object().unwrap() {
        assert_eq!(&room[field], value, "{field}");
    }
    assert_eq!(stage.manager.get(&path).await.expect(200), room);
    let patch = json!({"quantity": 0, "price_max": {"amount": 30_000}});
    let patched = stage.manager.patch(&path, "\"1\"", &patch).await.expect(200);
    assert_eq!(
        (&patched["quantity"], &patched["price_max"]),
        (&json!(0), &json!({"amount": 30_000, "currency": "EUR"}))
    );
    stage.manager.delete(&path, "\"2\"").await.expect(204);
    assert_eq!(stage.manager.get(&path).await.expect(200)["is_active"], false);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn put_creates_with_if_none_match_and_replaces_with_if_match() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    let path = format!("{hotel}/rooms/{}", unique_uuid());
    let put = || stage.manager.call(Method::PUT, &path).json(&room_body());
    put().send().await.expect_problem(428, "precondition_required");
    put().header("if-match", "\"1\"").send().await.expect_problem(404, "not_found");
    let made = put().header("if-none-match", "*").send().await;
    assert_eq!(
        (made.expect(201)["version"].as_i64(), made.header("location")),
        (Some(1), Some(path.as_str()))
    );
    put().header("if-none-match", "*").send().await.expect_problem(412, "stale_version");
    let fewer = with(room_body(), "/quantity", json!(3));
    let replaced =
        stage.manager.call(Method::PUT, &path).header("if-match", "\"1\"").json(&fewer).send().await;
    assert_eq!((replaced.expect(200)["quantity"].as_i64(), replaced.etag().as_str()), (Some(3), "\"2\""));
    put().header("if-match", "\"1\"").send().await.expect_problem(412, "stale_version");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_bounds_of_the_settings_hotels_and_rooms_are_refused_and_leave_no_trace() {
    let bounds = |loader: platform::settings::Loader| {
        loader.set("hotels.most_per_account", 2).set("hotels.most_rooms", 1)
    };
    let stage = Stage::with(bounds).await;
    let (hotel, _) = stage.hotel().await;
    stage.hotel().await;
    let (room, _) = stage.room(&hotel).await;
    stage.manager.delete(&room, "\"1\"").await.expect(204);
    let before = stage.rows().await;
    let another = stage.manager.post("/v1/hotels", &stage.hotel_body()).await;
    another.expect_problem(409, "too_many_hotels");
    let rooms = format!("{hotel}/rooms");
    stage.manager.post(&rooms, &room_body()).await.expect_problem(409, "too_many_rooms");
    let put = |id: &str| {
        let call = stage.manager.call(Method::PUT, &format!("{rooms}/{id}"));
        call.header("if-none-match", "*").json(&room_body())
    };
    put(&unique_uuid().to_string()).send().await.expect_problem(409, "too_many_rooms");
    assert_eq!(stage.rows().await, before);
    // Which room is meant is told before that there are too many.
    put(room.rsplit('/').next().unwrap()).send().await.expect_problem(412, "stale_version");
    stage.other_manager.post("/v1/hotels", &stage.hotel_body()).await.expect(201);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_another_hotels_room_is_taken_and_its_room_is_not_seen_here() {
    let stage = Stage::new().await;
    let ((one, _), (two, _)) = (stage.hotel().await, stage.hotel().await);
    let (room, _) = stage.room(&one).await;
    let id = room.rsplit('/').next().unwrap();
    let elsewhere = format!("{two}/rooms/{id}");
    let put = stage.manager.call(Method::PUT, &elsewhere).header("if-none-match", "*").json(&room_body());
    put.send().await.expect_problem(409, "already_exists");
    stage.manager.get(&elsewhere).await.expect_problem(404, "not_found");
    stage.end().await;
}
