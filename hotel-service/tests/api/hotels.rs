use serde_json::json;

use crate::stage::{Stage, with};

#[tokio::test(flavor = "multi_thread")]
async fn a_hotel_is_created_and_read_as_written() {
    let stage = Stage::new().await;
    let reply = stage.manager.post("/v1/hotels", &stage.hotel_body()).await;
    let hotel = reply.expect(201);
    assert_eq!(reply.etag(), "\"1\"");
    assert_eq!(hotel["owner_id"], json!(stage.manager_id));
    assert_eq!(hotel["locality"]["name"], "Rome");
    assert_eq!(
        (&hotel["region"], &hotel["images"], &hotel["version"]),
        (&json!("eu"), &json!([]), &json!(1))
    );
    assert_eq!(hotel["facilities"], json!(["beachfront", "pool"]));
    for (field, value) in stage.hotel_body().as_object().unwrap() {
        if field != "facilities" {
            assert_eq!(&hotel[field], value, "{field}");
        }
    }
    let read = stage.manager.get(reply.header("location").unwrap()).await;
    assert_eq!((read.expect(200), read.etag()), (hotel, "\"1\"".to_owned()));
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hotel_is_replaced_patched_taken_off_sale_and_revived() {
    let stage = Stage::new().await;
    let (path, _) = stage.hotel().await;
    let inferno = with(stage.hotel_body(), "/name", json!("Hotel Inferno"));
    let put = stage
        .manager
        .call(reqwest::Method::PUT, &path)
        .header("if-match", "\"1\"")
        .json(&inferno)
        .send()
        .await;
    assert_eq!((put.expect(200)["name"].as_str(), put.etag().as_str()), (Some("Hotel Inferno"), "\"2\""));

    let patch = json!({"star_rating": null, "contact": {"phone": null}, "facilities": ["spa"]});
    let patched = stage.manager.patch(&path, "\"2\"", &patch).await;
    let hotel = patched.expect(200);
    assert_eq!((&hotel["star_rating"], &hotel["contact"]["phone"]), (&json!(null), &json!(null)));
    assert_eq!(
        (&hotel["contact"]["email"], &hotel["facilities"]),
        (&json!("desk@paradiso.example"), &json!(["spa"]))
    );

    let off_sale = stage.manager.delete(&path, "\"3\"").await;
    off_sale.expect(204);
    assert_eq!(off_sale.etag(), "\"4\"", "what reviving it needs");
    let read = stage.manager.get(&path).await;
    assert_eq!((read.expect(200)["is_active"].as_bool(), read.etag().as_str()), (Some(false), "\"4\""));
    assert_eq!(stage.manager.delete(&path, "\"4\"").await.etag(), "\"4\"");
    assert_eq!(stage.manager.get(&path).await.etag(), "\"4\"", "off sale already");

    let revived = stage.manager.patch(&path, "\"4\"", &json!({"is_active": true})).await.expect(200);
    assert_eq!((&revived["is_active"], &revived["version"]), (&json!(true), &json!(5)));
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_when_nothing_differs() {
    let stage = Stage::new().await;
    let (path, _) = stage.hotel().await;
    let before = stage.rows().await;
    let put = stage
        .manager
        .call(reqwest::Method::PUT, &path)
        .header("if-match", "*")
        .json(&stage.hotel_body())
        .send()
        .await;
    assert_eq!((put.expect(200)["version"].as_i64(), stage.rows().await), (Some(1), before));
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zone_and_currency_can_never_change() {
    let stage = Stage::new().await;
    let (path, _) = stage.hotel().await;
    for (field, value) in [("time_zone", "Europe/Paris"), ("currency", "USD")] {
        let problem = stage
            .manager
            .patch(&path, "\"1\"", &json!({field: value}))
            .await
            .expect_problem(422, "immutable_field");
        assert_eq!(problem["errors"][0]["pointer"], format!("#/{field}"));
    }
    assert_eq!(stage.manager.get(&path).await.etag(), "\"1\"");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_would_be_too_large_is_refused_when_written() {
    let stage = Stage::with(|loader| loader.set("events.most_bytes", 2_000)).await;
    stage.hotel().await;
    let before = stage.rows().await;
    let long = with(stage.hotel_body(), "/description", json!("x".repeat(2_000)));
    stage.manager.post("/v1/hotels", &long).await.expect_problem(422, "invalid_field");
    assert_eq!(stage.rows().await, before);
    stage.end().await;
}
