use platform::api::Code;
use serde_json::{Value, json};

use super::*;

const ID: &str = "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70";

fn body() -> Value {
    json!({
        "hotel_id": ID, "start_date": "2026-12-24", "end_date": "2026-12-26",
        "lines": [{"room_id": ID, "quantity": 2, "adults": 2}],
        "booker": {"given_name": "Ada", "family_name": "Lovelace", "email": "ada@example.com"},
    })
}

fn read(change: &Value) -> Result<BookingOrder, Problem> {
    let mut whole = body();
    for (key, value) in change.as_object().unwrap() {
        whole[key] = value.clone();
    }
    serde_json::from_value::<BookingRequest>(whole).unwrap().parse(&["shop.example".to_owned()])
}

#[test]
fn the_shortest_request_is_read_with_its_defaults() {
    let order = read(&json!({})).unwrap();
    assert_eq!(order.details.language.as_str(), "en");
    assert!(order.details.expected.is_none() && order.details.return_url.is_none());
}

#[test]
fn a_body_with_a_user_a_status_or_a_price_does_not_parse() {
    for field in ["user_id", "status", "price", "total"] {
        let mut whole = body();
        whole[field] = json!("x");
        assert!(serde_json::from_value::<BookingRequest>(whole).is_err(), "{field}");
    }
}

#[test]
fn each_bad_field_is_named_by_its_pointer() {
    let booker = |field: &str, value: &str| {
        let mut whole = body()["booker"].clone();
        whole[field] = json!(value);
        json!({"booker": whole})
    };
    for (change, pointer) in [
        (booker("given_name", " "), "#/booker/given_name"),
        (booker("family_name", "a\u{202E}b"), "#/booker/family_name"),
        (booker("email", "ada@x\r\nBcc: y@z.example"), "#/booker/email"),
        (booker("phone", "0612"), "#/booker/phone"),
        (json!({"quote_token": ""}), "#/quote_token"),
        (json!({"quote_token": "x".repeat(2049)}), "#/quote_token"),
        (json!({"expected_total": {"amount": -1, "currency": "EUR"}}), "#/expected_total"),
        (json!({"expected_total": {"amount": 1, "currency": "eur"}}), "#/expected_total"),
        (json!({"max_increase_percent": 21}), "#/max_increase_percent"),
        (json!({"client_reference": "a b"}), "#/client_reference"),
        (json!({"client_reference": ""}), "#/client_reference"),
        (json!({"return_url": "http://shop.example/"}), "#/return_url"),
        (json!({"return_url": "https://evil.example/"}), "#/return_url"),
        (json!({"return_url": "https://shop.example@evil.example/"}), "#/return_url"),
        (json!({"return_url": "https://a:b@shop.example/"}), "#/return_url"),
        (json!({"return_url": "javascript:alert(1)"}), "#/return_url"),
        (json!({"language": "english!"}), "#/language"),
        (json!({"special_requests": "x".repeat(501)}), "#/special_requests"),
        (json!({"special_requests": "a\u{0}b"}), "#/special_requests"),
    ] {
        let problem = read(&change).unwrap_err();
        assert_eq!(problem.code(), Code::InvalidField, "{change}");
        let errors = serde_json::to_value(problem.field_errors()).unwrap();
        assert_eq!(errors[0]["pointer"], pointer, "{change}");
    }
}

#[test]
fn a_return_url_is_taken_as_it_is() {
    let order = read(&json!({"return_url": "https://shop.example/back?x=1"})).unwrap();
    assert_eq!(order.details.return_url.as_deref(), Some("https://shop.example/back?x=1"));
}
