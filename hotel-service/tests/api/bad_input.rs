use reqwest::Method;
use serde_json::{Value, json};
use testkit::http::Reply;

use crate::stage::{Stage, room_body, with};

/// A field, a value it does not take, the code of the problem, where it points.
type Case = (&'static str, Value, &'static str, &'static str);

fn hotel_cases() -> Vec<Case> {
    let field = "invalid_field";
    vec![
        ("/name", json!(""), field, "#/name"),
        ("/name", json!("   "), field, "#/name"),
        ("/name", json!("x".repeat(201)), field, "#/name"),
        ("/name", json!("a\u{0}b"), field, "#/name"),
        ("/name", json!("a\u{202E}b"), field, "#/name"),
        ("/name", json!("a\r\nBcc: x@y.example"), field, "#/name"),
        ("/name", json!("a\u{1b}[31m"), field, "#/name"),
        ("/name", json!("Hotel\u{2028}Ritz"), field, "#/name"),
        ("/name", json!("\u{3164}"), field, "#/name"),
        ("/name", json!("\u{ad}"), field, "#/name"),
        ("/name", json!("Hotel\u{e0041}"), field, "#/name"),
        ("/name", json!("\u{301}"), field, "#/name"),
        ("/address/line1", json!("\u{2800}"), field, "#/address/line1"),
        ("/name", json!(null), field, "#/name"),
        ("/name", json!(7), field, "#/name"),
        ("/description", json!("x".repeat(5001)), field, "#/description"),
        ("/locality_id", json!("0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70"), field, "#/locality_id"),
        ("/locality_id", json!("1 or 1=1"), field, "#/locality_id"),
        ("/address", json!("Via Roma"), field, "#/address"),
        ("/address/line1", json!(""), field, "#/address/line1"),
        ("/address/line9", json!("x"), "unknown_field", "#/address/line9"),
        ("/latitude", json!(90.1), field, "#/latitude"),
        ("/latitude", json!("41"), field, "#/latitude"),
        ("/longitude", json!(-180.5), field, "#/longitude"),
        ("/time_zone", json!("Mars/Base"), field, "#/time_zone"),
        ("/currency", json!("XXX"), field, "#/currency"),
        ("/currency", json!("eur"), field, "#/currency"),
        ("/currency", json!("ANG"), field, "#/currency"),
        ("/currency", json!("BGN"), field, "#/currency"),
        ("/star_rating", json!(0), field, "#/star_rating"),
        ("/star_rating", json!(6), field, "#/star_rating"),
        ("/star_rating", json!(4.5), field, "#/star_rating"),
        ("/star_rating", json!(u64::MAX), field, "#/star_rating"),
        ("/facilities", json!(["nope"]), field, "#/facilities/0"),
        ("/facilities", json!(["pool", "sea_view"]), field, "#/facilities/1"),
        ("/facilities", json!(["'; drop table hotels; --"]), field, "#/facilities/0"),
        ("/facilities", json!("pool"), field, "#/facilities"),
        ("/contact/email", json!("desk"), field, "#/contact/email"),
        ("/contact/email", json!("a@b.example\r\nBcc: x@y.example"), field, "#/contact/email"),
        ("/contact/phone", json!("0612345678"), field, "#/contact/phone"),
        ("/check_in_time", json!("24:00"), field, "#/check_in_time"),
        ("/check_out_time", json!("9:00"), field, "#/check_out_time"),
        ("/is_active", json!("yes"), field, "#/is_active"),
        // Mass assignment.
        ("/owner_id", json!("0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70"), "unknown_field", "#/owner_id"),
        ("/hotel_id", json!("0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70"), "unknown_field", "#/hotel_id"),
        ("/region", json!("us"), "unknown_field", "#/region"),
        ("/version", json!(7), "unknown_field", "#/version"),
    ]
}

fn room_cases() -> Vec<Case> {
    let field = "invalid_field";
    let eur = |amount: Value| json!({"amount": amount, "currency": "EUR"});
    vec![
        ("/display_name", json!("\u{202E}"), field, "#/display_name"),
        ("/quantity", json!(-1), field, "#/quantity"),
        ("/quantity", json!(100_001), field, "#/quantity"),
        ("/quantity", json!(1.5), field, "#/quantity"),
        ("/quantity", json!("12"), field, "#/quantity"),
        ("/quantity", json!(u64::MAX), field, "#/quantity"),
        ("/occupancy", json!(0), field, "#/occupancy"),
        ("/occupancy", json!(51), field, "#/occupancy"),
        ("/price_min", eur(json!(0)), field, "#/price_min/amount"),
        ("/price_min", eur(json!(-5)), field, "#/price_min/amount"),
        ("/price_min", eur(json!(1.5)), field, "#/price_min/amount"),
        ("/price_min", eur(json!(20_001)), field, "#/price_max"),
        ("/price_min", json!({"amount": 1, "currency": "USD"}), field, "#/price_min/currency"),
        ("/price_min", json!({"amount": 1}), field, "#/price_min/currency"),
        ("/price_min", json!({"amount": 1, "currency": "EUR", "tax": 0}), "unknown_field", "#/price_min/tax"),
        ("/price_max", eur(json!(1i64 << 53)), field, "#/price_max/amount"),
        ("/price_max", json!(12), field, "#/price_max"),
        ("/facilities", json!(["pool"]), field, "#/facilities/0"),
        ("/room_id", json!("0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70"), "unknown_field", "#/room_id"),
        ("/hotel_id", json!("0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70"), "unknown_field", "#/hotel_id"),
    ]
}

#[track_caller]
fn expect_fault(reply: &Reply, case: &Case) {
    let (field, value, code, pointer) = case;
    let problem = reply.expect_problem(422, code);
    assert_eq!(problem["errors"][0]["pointer"], *pointer, "{field} = {value}: {problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hotel_with_a_wrong_field_is_refused_by_every_verb_and_nothing_changes() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    let before = stage.rows().await;
    for case in hotel_cases() {
        let body = with(stage.hotel_body(), case.0, case.1.clone());
        expect_fault(&stage.manager.post("/v1/hotels", &body).await, &case);
        let put = stage.manager.call(Method::PUT, &hotel).header("if-match", "\"1\"").json(&body);
        expect_fault(&put.send().await, &case);
        let patch = with(json!({"address": {}, "contact": {}}), case.0, case.1.clone());
        expect_fault(&stage.manager.patch(&hotel, "\"1\"", &patch).await, &case);
    }
    assert_eq!(stage.rows().await, before);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_with_a_wrong_field_is_refused_by_every_verb_and_nothing_changes() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    let (room, _) = stage.room(&hotel).await;
    let before = stage.rows().await;
    for case in room_cases() {
        let body = with(room_body(), case.0, case.1.clone());
        expect_fault(&stage.manager.post(&format!("{hotel}/rooms"), &body).await, &case);
        let put = stage.manager.call(Method::PUT, &room).header("if-match", "\"1\"").json(&body);
        expect_fault(&put.send().await, &case);
    }
    assert_eq!(stage.rows().await, before);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_knows_only_its_fields_and_null_takes_away_only_what_may_be_missing() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    for (patch, code, pointer) in [
        (json!({"owner_id": null}), "unknown_field", "#/owner_id"),
        (json!({"contact": {"fax": null}}), "unknown_field", "#/contact/fax"),
        (json!({"name": null}), "invalid_field", "#/name"),
        (json!({"contact": null}), "invalid_field", "#/contact"),
        (json!([]), "invalid_field", "#"),
        (json!("name"), "invalid_field", "#"),
    ] {
        let problem = stage.manager.patch(&hotel, "\"1\"", &patch).await.expect_problem(422, code);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{patch}");
    }
    assert_eq!(stage.manager.get(&hotel).await.etag(), "\"1\"");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_wrong_fields_are_named_at_once() {
    let stage = Stage::new().await;
    let mut body = stage.hotel_body();
    for (pointer, value) in [("/name", json!("")), ("/star_rating", json!(9)), ("/contact/email", json!("x"))]
    {
        body = with(body, pointer, value);
    }
    let problem = stage.manager.post("/v1/hotels", &body).await.expect_problem(422, "invalid_field");
    let pointers: Vec<&Value> =
        problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["#/name", "#/star_rating", "#/contact/email"]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_json_of_ours_is_refused() {
    let stage = Stage::new().await;
    let text = stage.hotel_body().to_string();
    let twice = text.replacen('{', "{\"name\": \"Other\", ", 1);
    let deep = format!("{{\"name\": {}{}}}", "[".repeat(40), "]".repeat(40));
    let post = || stage.manager.call(Method::POST, "/v1/hotels").header("idempotency-key", "key-1");
    let malformed: [Vec<u8>; 6] = [
        b"".to_vec(),
        b"{".to_vec(),
        b"\xff\xfe".to_vec(),
        twice.into_bytes(),
        deep.into_bytes(),
        b"NaN".to_vec(),
    ];
    for body in malformed {
        let call = post().header("content-type", "application/json").bytes(body);
        call.send().await.expect_problem(400, "malformed_json");
    }
    for body in ["[]", "\"x\"", "1", "null"] {
        let call = post().header("content-type", "application/json").bytes(body);
        call.send().await.expect_problem(422, "invalid_field");
    }
    let call = post().header("content-type", "text/plain").bytes(text);
    call.send().await.expect_problem(415, "unsupported_media_type");
    let call = post().header("content-type", "application/json").bytes(vec![b' '; 10 << 20]);
    if let Ok(reply) = call.try_send().await {
        reply.expect_problem(413, "body_too_large");
    }
    assert_eq!(stage.rows().await.first(), Some(&0));
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_in_any_script_is_kept_as_it_is() {
    let stage = Stage::new().await;
    for name in [
        "東京ホテル",
        "Hôtel de l’Étoile",
        "🏨 Grand",
        "Robert'); drop table hotels;--",
        "{{7*7}} ${x} %s \\",
    ] {
        let body = with(stage.hotel_body(), "/name", json!(name));
        let made = stage.manager.post("/v1/hotels", &body).await;
        assert_eq!(made.expect(201)["name"], name);
        let read = stage.manager.get(made.header("location").unwrap()).await;
        assert_eq!(read.expect(200)["name"], name);
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_paths_and_methods_are_told() {
    let stage = Stage::new().await;
    for path in [
        "/v1/hotels/x",
        "/v1/hotels/0193a5c07d1e7c3a9b1f2f6a1c9d8e70",
        "/v1/nothing",
        "/v1/hotels/..%2F..%2Fetc",
    ] {
        stage.manager.get(path).await.expect_problem(404, "not_found");
    }
    let reply = stage.manager.call(Method::DELETE, "/v1/hotels").send().await;
    reply.expect_problem(405, "method_not_allowed");
    assert_eq!(reply.header("allow"), Some("GET, HEAD, POST"));
    stage.end().await;
}
