use ::domain::facility::FacilityCode;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::{catalogue::Facility, locality::Place, merge_patch};

const ROME: &str = "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70";

fn body() -> Value {
    json!({
        "name": "Hotel Paradiso", "description": "By the sea.", "locality_id": ROME,
        "address": {"line1": "Via Roma 1", "line2": null, "postal_code": "00184"},
        "latitude": 41.8902, "longitude": 12.4922, "time_zone": "Europe/Rome", "currency": "EUR",
        "star_rating": 5, "facilities": ["pool"],
        "contact": {"email": "desk@paradiso.example", "phone": "+390612345678"},
        "check_in_time": "15:00", "check_out_time": "11:00", "is_active": true
    })
}

fn catalogue() -> Catalogue {
    let code = FacilityCode::parse("pool").unwrap();
    Catalogue::new([Facility { code, name: "Pool".to_owned(), applies_to: AppliesTo::Hotel }])
}

fn rome() -> Locality {
    let place = Place {
        locality_id: ROME.parse::<LocalityId>().unwrap(),
        name: "Rome".to_owned(),
        country_code: ::domain::CountryCode::parse("IT").unwrap(),
        point: GeoPoint::parse(41.9, 12.5).unwrap(),
    };
    Locality { place, names: vec!["rome".to_owned()] }
}

fn parse(body: Value) -> Result<HotelFacts, Faults> {
    let write: HotelWrite = serde_json::from_value(body).unwrap();
    write.parse(References { catalogue: &catalogue(), locality: Some(&rome()), kept: None })
}

fn changed(patch: Value) -> Value {
    let mut merged = body();
    merge_patch::apply(&mut merged, patch);
    merged
}

#[test]
fn a_valid_hotel_is_written_as_it_was_read() {
    assert_eq!(serde_json::to_value(parse(body()).unwrap()).unwrap(), body());
}

#[test]
fn all_wrong_fields_are_named_at_once() {
    let wrong = changed(json!({
        "name": "  ", "description": "a\u{202E}b", "latitude": 91, "longitude": -181, "time_zone": "Mars/Base",
        "currency": "eur", "star_rating": 6, "facilities": ["nope"], "check_in_time": "25:00", "check_out_time": "9:00",
        "contact": {"email": "x", "phone": "06"}, "address": {"line1": "", "line2": ""},
        "locality_id": "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e71"
    }));
    let faults = parse(wrong).unwrap_err();
    let mut found: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    found.sort_unstable();
    let expected = [
        "#/address/line1",
        "#/address/line2",
        "#/check_in_time",
        "#/check_out_time",
        "#/contact/email",
        "#/contact/phone",
        "#/currency",
        "#/description",
        "#/facilities/0",
        "#/latitude",
        "#/locality_id",
        "#/longitude",
        "#/name",
        "#/star_rating",
        "#/time_zone",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_currency_that_is_no_longer_money_is_kept_and_not_chosen() {
    let guilder = changed(json!({"currency": "ANG"}));
    let refused = parse(guilder.clone()).unwrap_err();
    assert_eq!(refused.iter().next().map(|fault| fault.invalid.code()), Some("withdrawn"));
    let write: HotelWrite = serde_json::from_value(guilder).unwrap();
    let kept = Currency::parse("ANG").ok();
    assert!(write.parse(References { catalogue: &catalogue(), locality: Some(&rome()), kept }).is_ok());
}

proptest! {
    #[test]
    fn whatever_is_accepted_is_read_again_as_the_same(
        name in "\\PC{1,40}", latitude in -90.0..=90.0f64, longitude in -180.0..=180.0f64, stars in prop::option::of(1..=5i64),
    ) {
        let raw = changed(json!({"name": name, "latitude": latitude, "longitude": longitude}));
        let mut raw = raw;
        if let Some(object) = raw.as_object_mut() {
            object.insert("star_rating".to_owned(), json!(stars));
        }
        if let Ok(facts) = parse(raw) {
            let again = parse(serde_json::to_value(&facts).unwrap()).unwrap();
            prop_assert_eq!(again, facts);
        }
    }

    #[test]
    fn stars_are_one_to_five(stars in any::<i64>()) {
        let accepted = parse(changed(json!({"star_rating": stars}))).is_ok();
        prop_assert_eq!(accepted, (1..=5).contains(&stars));
    }
}
