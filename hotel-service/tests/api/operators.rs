use std::time::Duration;

use ::domain::{event::CloudEvent, hotel::HotelChanged};
use reqwest::Method;
use serde_json::json;
use testkit::unique_uuid;

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_hotel_is_off_sale_until_an_operator_lifts_it() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    let path = format!("{hotel}/suspension");
    let body = json!({"reason": "The address does not exist."});
    let put = |http: &testkit::http::Http, version: u32| {
        http.call(Method::PUT, &path).header("if-match", &format!("\"{version}\"")).json(&body)
    };
    put(&stage.manager, 1).send().await.expect_problem(403, "forbidden");
    let suspended = put(&stage.operator, 1).send().await.expect(200);
    assert_eq!((&suspended["version"], &suspended["suspended"]["reason"]), (&json!(2), &body["reason"]));
    // Its owner can change it, and cannot revive it.
    let revived = stage.manager.patch(&hotel, "\"2\"", &json!({"name": "Revived", "is_active": true})).await;
    assert_eq!(revived.expect(200)["suspended"]["reason"], body["reason"]);
    stage.manager.delete(&path, "\"3\"").await.expect_problem(403, "forbidden");
    stage.operator.delete(&path, "\"2\"").await.expect_problem(412, "stale_version");
    assert_eq!(stage.operator.delete(&path, "\"3\"").await.expect(200)["suspended"], json!(null));
    let told = stage.kafka.wait_for(&stage.topic, 4, Duration::from_mins(1)).await;
    let on_sale: Vec<bool> = told
        .iter()
        .map(|record| serde_json::from_slice(record.payload.as_deref().unwrap()).unwrap())
        .map(|event: CloudEvent<HotelChanged>| event.data.is_active)
        .collect();
    assert_eq!(on_sale, [true, false, false, true]);
    let audit = stage.manager.get(&format!("{hotel}/audit")).await.expect(200);
    let actions: Vec<_> =
        audit["items"].as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions, ["hotel.reinstated", "hotel.changed", "hotel.suspended", "hotel.created"]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hotel_goes_to_another_owner_by_an_operators_hand_only() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    let path = format!("{hotel}/owner");
    let buyer = unique_uuid();
    let body = json!({"owner_id": buyer});
    let post =
        |http: &testkit::http::Http| http.call(Method::POST, &path).header("if-match", "\"1\"").json(&body);
    post(&stage.manager).send().await.expect_problem(403, "forbidden");
    let moved = post(&stage.operator).send().await.expect(200);
    assert_eq!((&moved["owner_id"], &moved["version"]), (&json!(buyer), &json!(2)));
    stage.manager.get(&hotel).await.expect_problem(404, "not_found");
    let theirs = stage.anybody.as_caller(testkit::token::token(&["manager"], buyer));
    theirs.get(&hotel).await.expect(200);
    let audit = theirs.get(&format!("{hotel}/audit")).await.expect(200);
    let newest = &audit["items"][0];
    assert_eq!(newest["action"], "hotel.transferred");
    assert_eq!(
        newest["changes"],
        json!([{"pointer": "/owner_id", "before": stage.manager_id, "after": buyer}])
    );
    let nobody = json!({"owner_id": "the buyer"});
    let call = stage.operator.call(Method::POST, &path).header("if-match", "\"2\"").json(&nobody);
    call.send().await.expect_problem(422, "invalid_field");
    stage.end().await;
}
