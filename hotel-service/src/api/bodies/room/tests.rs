use ::domain::facility::FacilityCode;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::{catalogue::Facility, merge_patch};

fn body() -> Value {
    json!({
        "display_name": "Deluxe double", "description": "", "quantity": 12, "occupancy": 3,
        "price_min": {"amount": 10_000, "currency": "EUR"}, "price_max": {"amount": 20_000, "currency": "EUR"},
        "facilities": ["sea_view"], "is_active": true
    })
}

fn changed(patch: Value) -> Value {
    let mut merged = body();
    merge_patch::apply(&mut merged, patch);
    merged
}

fn parse(body: Value) -> Result<RoomFacts, Faults> {
    let code = FacilityCode::parse("sea_view").unwrap();
    let catalogue = Catalogue::new([Facility { code, name: "Sea".to_owned(), applies_to: AppliesTo::Room }]);
    let write: RoomWrite = serde_json::from_value(body).unwrap();
    write.parse(&catalogue, Currency::parse("EUR").unwrap())
}

fn pointers(body: Value) -> Vec<String> {
    parse(body)
        .map_or_else(|faults| faults.iter().map(|fault| fault.field.to_string()).collect(), |_| Vec::new())
}

#[test]
fn a_valid_room_is_written_as_it_was_read() {
    assert_eq!(serde_json::to_value(parse(body()).unwrap()).unwrap(), body());
}

#[test]
fn all_wrong_fields_are_named_at_once() {
    let wrong = changed(json!({
        "display_name": "", "description": "a\u{0}", "quantity": 100_001, "occupancy": 0,
        "price_min": {"amount": 0}, "price_max": {"currency": "USD"}, "facilities": ["nope"]
    }));
    let expected = [
        "#/display_name",
        "#/description",
        "#/quantity",
        "#/occupancy",
        "#/price_min/amount",
        "#/price_max/currency",
        "#/facilities/0",
    ];
    assert_eq!(pointers(wrong), expected);
}

#[test]
fn the_highest_price_is_not_below_the_lowest() {
    assert_eq!(pointers(changed(json!({"price_max": {"amount": 9_999}}))), ["#/price_max"]);
    assert!(pointers(changed(json!({"price_max": {"amount": 10_000}}))).is_empty());
}

proptest! {
    #[test]
    fn quantities_people_and_prices_keep_to_their_ranges(
        quantity in prop_oneof![-5..200_000i64, any::<i64>()], occupancy in prop_oneof![-5..100i64, any::<i64>()],
        low in prop_oneof![-5..10i64, any::<i64>()], high in prop_oneof![-5..10i64, any::<i64>()],
    ) {
        let raw = changed(json!({
            "quantity": quantity, "occupancy": occupancy, "price_min": {"amount": low}, "price_max": {"amount": high}
        }));
        let fits = (0..=100_000).contains(&quantity)
            && (1..=50).contains(&occupancy)
            && 1 <= low && low <= high && high < (1 << 53);
        prop_assert_eq!(parse(raw).is_ok(), fits);
    }
}
