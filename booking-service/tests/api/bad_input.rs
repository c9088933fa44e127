//! Bad input: a clear 4xx problem at its place, and nothing changed.

use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::{Stage, day};

/// What is changed in a good body, the status, the code, and the first pointer named.
type Case = (Value, u16, &'static str, &'static str);

fn cases(stage: &Stage) -> Vec<Case> {
    let line = |change: Value| {
        let mut line = json!({"room_id": stage.deluxe, "quantity": 1, "adults": 2});
        for (name, value) in change.as_object().unwrap() {
            line[name] = value.clone();
        }
        json!({"lines": [line]})
    };
    vec![
        (json!({"end_date": day(10)}), 422, "invalid_stay", "#/end_date"),
        (json!({"end_date": day(9)}), 422, "invalid_stay", "#/end_date"),
        (json!({"end_date": day(41)}), 422, "invalid_stay", "#/end_date"),
        (json!({"start_date": "2020-01-01", "end_date": "2020-01-02"}), 422, "invalid_stay", "#/start_date"),
        (json!({"start_date": day(545), "end_date": day(546)}), 422, "invalid_stay", "#/start_date"),
        (json!({"start_date": "2026-02-30"}), 422, "invalid_field", "#/start_date"),
        (json!({"start_date": 5}), 422, "invalid_field", "#/start_date"),
        (json!({"hotel_id": "x' or 1=1 --"}), 422, "invalid_field", "#/hotel_id"),
        (json!({"hotel_id": testkit::unique_uuid()}), 422, "invalid_field", "#/hotel_id"),
        (json!({"lines": []}), 422, "invalid_field", "#/lines"),
        (json!({"lines": null}), 422, "invalid_field", "#/lines"),
        (line(json!({"room_id": testkit::unique_uuid()})), 422, "invalid_field", "#/lines/0/room_id"),
        (line(json!({"quantity": 0})), 422, "invalid_field", "#/lines/0/quantity"),
        (line(json!({"quantity": -1})), 422, "invalid_field", "#/lines/0/quantity"),
        (line(json!({"quantity": 10})), 422, "invalid_field", "#/lines/0/quantity"),
        (line(json!({"quantity": 1.5})), 422, "invalid_field", "#/lines/0/quantity"),
        (line(json!({"quantity": 9_007_199_254_740_993_i64})), 422, "invalid_field", "#/lines/0/quantity"),
        (line(json!({"adults": 4})), 422, "occupancy_exceeded", "#/lines/0/adults"),
        (line(json!({"adults": 2, "child_ages": [1, 2]})), 422, "occupancy_exceeded", "#/lines/0/adults"),
        (line(json!({"child_ages": [18]})), 422, "invalid_field", "#/lines/0/child_ages"),
        (line(json!({"price": 1})), 422, "unknown_field", "#/lines/0/price"),
        (json!({"status": "BOOKED"}), 422, "unknown_field", "#/status"),
        (json!({"user_id": testkit::unique_uuid()}), 422, "unknown_field", "#/user_id"),
        (json!({"price": {"total": 1}}), 422, "unknown_field", "#/price"),
        (
            json!({"expected_total": {"amount": -5, "currency": "EUR"}}),
            422,
            "invalid_field",
            "#/expected_total",
        ),
        (
            json!({"expected_total": {"amount": 1, "currency": "XXX"}}),
            422,
            "invalid_field",
            "#/expected_total",
        ),
        (
            json!({"expected_total": {"amount": 99_999, "currency": "USD"}}),
            422,
            "invalid_field",
            "#/expected_total/currency",
        ),
        (json!({"max_increase_percent": 21}), 422, "invalid_field", "#/max_increase_percent"),
        (json!({"client_reference": "ümlaut"}), 422, "invalid_field", "#/client_reference"),
        (json!({"return_url": "https://evil.example/"}), 422, "invalid_field", "#/return_url"),
        (json!({"special_requests": "a\u{0}b"}), 422, "invalid_field", "#/special_requests"),
        (json!({"special_requests": "\u{202E}txt"}), 422, "invalid_field", "#/special_requests"),
        (json!({"booker": {"given_name": "A", "family_name": "B"}}), 422, "invalid_field", "#/booker/email"),
        (json!({"booker": null}), 422, "invalid_field", "#/booker"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_booking_is_refused_at_its_place_and_changes_nothing() {
    let stage = Stage::plain().await;
    let who = stage.traveller();
    stage.book(&who, &[(stage.deluxe, 1)]).await;
    let before = stage.rows().await;
    for (change, status, code, pointer) in cases(&stage) {
        let mut order = stage.order(&[(stage.deluxe, 1)]);
        for (name, value) in change.as_object().unwrap() {
            order[name] = value.clone();
        }
        let problem = who.post("/v1/bookings", &order).await.expect_problem(status, code);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{change}");
    }
    assert_eq!(stage.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_json_of_ours_is_refused() {
    let stage = Stage::plain().await;
    let who = stage.traveller();
    let before = stage.rows().await;
    let deep = format!("{}{}", "[".repeat(64), "]".repeat(64));
    for bad in ["", "{", "nonsense", r#"{"a": 1, "a": 2}"#, "\u{feff}{}", deep.as_str()] {
        let call = who.call(Method::POST, "/v1/bookings").header("idempotency-key", "k");
        let reply =
            call.header("content-type", "application/json").bytes(bad.as_bytes().to_vec()).send().await;
        reply.expect_problem(400, "malformed_json");
    }
    let call = who
        .call(Method::POST, "/v1/bookings")
        .header("idempotency-key", "k")
        .header("content-type", "application/json");
    call.bytes(vec![b'"', 0xff, b'"']).send().await.expect_problem(400, "malformed_json");
    let call = who
        .call(Method::POST, "/v1/bookings")
        .header("idempotency-key", "k")
        .header("content-type", "text/plain");
    call.bytes(b"{}".to_vec()).send().await.expect_problem(415, "unsupported_media_type");
    assert_eq!(stage.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_queries_and_unknown_hotels_are_told_apart() {
    let stage = Stage::plain().await;
    let (from, to) = (day(10), day(12));
    let offers = |query: &str| format!("/v1/hotels/{}/offers?{query}", stage.hotel);
    for (query, code, parameter) in [
        (format!("end_date={to}"), "invalid_field", "start_date"),
        (format!("start_date={from}&end_date=soon"), "invalid_field", "end_date"),
        (format!("start_date={to}&end_date={from}"), "invalid_stay", "end_date"),
        ("start_date=2020-01-01&end_date=2020-01-02".to_owned(), "invalid_stay", "start_date"),
        (format!("start_date={from}&end_date={to}&rooms=0"), "invalid_field", "rooms"),
        (format!("start_date={from}&end_date={to}&adults=99"), "invalid_field", "adults"),
        (format!("start_date={from}&end_date={to}&child_ages=4,"), "invalid_field", "child_ages"),
        (format!("start_date={from}&end_date={to}&rooms=2&adults=101"), "invalid_field", "adults"),
        (format!("start_date={from}&end_date={to}&child_ages=4,44"), "invalid_field", "child_ages"),
        (format!("start_date={from}&end_date={to}&x=1"), "invalid_field", "x"),
        (format!("start_date={from}&start_date={from}&end_date={to}"), "invalid_field", "start_date"),
    ] {
        let problem = stage.http().get(&offers(&query)).await.expect_problem(422, code);
        assert_eq!(problem["errors"][0]["parameter"], parameter, "{query}");
    }
    let of_another_list = offers(&format!("start_date={from}&end_date={to}&page_token=x"));
    stage.http().get(&of_another_list).await.expect_problem(400, "invalid_page_token");
    let absent = format!("/v1/hotels/{}/offers?start_date={from}&end_date={to}", testkit::unique_uuid());
    stage.http().get(&absent).await.expect_problem(404, "not_found");
    stage.http().get("/v1/hotels/x/offers").await.expect_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_moves_forward_only_and_only_where_it_may() {
    let stage = Stage::plain().await;
    for bad in ["PT-1H", "yesterday", "", "P99999D"] {
        let reply = stage.operator().post("/dev/clock", &json!({"advance": bad})).await;
        reply.expect_problem(422, "invalid_field");
    }
    stage.traveller().post("/dev/clock", &json!({"advance": "PT1H"})).await.expect_problem(403, "forbidden");
}
