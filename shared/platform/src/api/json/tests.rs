use proptest::{collection, prelude::*};
use serde::Deserialize;
use serde_json::Value;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    #[expect(dead_code, reason = "only its reading is tested")]
    name: String,
    #[expect(dead_code, reason = "only its reading is tested")]
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[expect(dead_code, reason = "only its reading is tested")]
    quantity: u8,
    #[serde(default)]
    #[expect(dead_code, reason = "only its reading is tested")]
    guest: Option<Guest>,
}

#[derive(Debug, Deserialize)]
struct Guest {
    #[expect(dead_code, reason = "only its reading is tested")]
    name: Option<String>,
    #[expect(dead_code, reason = "only its reading is tested")]
    pays: Pays,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Pays {
    Cash,
    #[expect(dead_code, reason = "only its reading is tested")]
    Card {
        holder: String,
    },
    #[expect(dead_code, reason = "only its reading is tested")]
    Invoice(Box<Guest>),
}

fn refused(body: &str) -> (Code, Vec<FieldError>) {
    let problem = parse::<Order>(body.as_bytes()).unwrap_err();
    (problem.code(), problem.field_errors().to_vec())
}

fn place_of(body: &str) -> (Code, String) {
    let (code, errors) = refused(body);
    let entry = serde_json::to_value(&errors[0]).unwrap();
    (code, entry["pointer"].as_str().unwrap().to_owned())
}

#[test]
fn what_is_not_json_of_ours_is_malformed() {
    let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
    let bombs = format!("{{\"a\":{}", "[".repeat(100_000));
    for body in [
        "",
        "{",
        "null x",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "[01]",
        "\u{feff}{}",
        "{'a':1}",
        &deep,
        &bombs,
    ] {
        assert_eq!(parse::<Value>(body.as_bytes()).unwrap_err().code(), Code::MalformedJson, "{body:.40}");
    }
    assert_eq!(parse::<Value>(b"\"\xff\"").unwrap_err().code(), Code::MalformedJson);
    let deepest = format!("{}{}", "[".repeat(32), "]".repeat(32));
    assert!(parse::<Value>(deepest.as_bytes()).is_ok());
}

#[test]
fn json_of_the_wrong_shape_names_the_place() {
    let cases = [
        ("{\"name\":\"x\",\"lines\":[{\"quantity\":-1}]}", Code::InvalidField, "#/lines/0/quantity"),
        ("{\"name\":\"x\",\"lines\":[{\"quantity\":1.5}]}", Code::InvalidField, "#/lines/0/quantity"),
        ("{\"name\":\"x\",\"lines\":[{\"quantity\":1e999}]}", Code::InvalidField, "#/lines/0/quantity"),
        (
            "{\"name\":\"x\",\"lines\":[{\"quantity\":99999999999999999999}]}",
            Code::InvalidField,
            "#/lines/0/quantity",
        ),
        ("{\"name\":\"x\",\"lines\":[{}]}", Code::InvalidField, "#/lines/0/quantity"),
        ("{\"name\":\"x\",\"lines\":[{\"quantity\":1,\"price\":1}]}", Code::UnknownField, "#/lines/0/price"),
        ("{\"name\":\"x\",\"lines\":[],\"a/b\":1}", Code::UnknownField, "#/a~1b"),
        ("{\"name\":null,\"lines\":[]}", Code::InvalidField, "#/name"),
        ("{\"name\":\"x\",\"lines\":[],\"é %\":1}", Code::UnknownField, "#/%C3%A9%20%25"),
        ("{\"name\":\"x\",\"lines\":[],\"a~#?\\n\":1}", Code::UnknownField, "#/a~0%23?%0A"),
    ];
    for (body, code, pointer) in cases {
        assert_eq!(place_of(body), (code, pointer.to_owned()), "{body}");
    }
}

#[test]
fn an_array_is_no_object_at_any_depth() {
    let line = |guest: &str| format!("{{\"name\":\"x\",\"lines\":[{{\"quantity\":1,\"guest\":{guest}}}]}}");
    let cases = [
        ("[\"x\",[]]".to_owned(), "#"),
        ("[]".to_owned(), "#"),
        ("{\"name\":\"x\",\"lines\":[[1,null]]}".to_owned(), "#/lines/0"),
        (line("[\"ada\",\"cash\"]"), "#/lines/0/guest"),
        (line("{\"name\":null,\"pays\":{\"card\":[\"ada\"]}}"), "#/lines/0/guest/pays"),
        (line("{\"name\":null,\"pays\":{\"invoice\":[null,\"cash\"]}}"), "#/lines/0/guest/pays"),
    ];
    for (body, place) in cases {
        let (code, pointer) = place_of(&body);
        assert_eq!(code, Code::InvalidField, "{body}");
        assert!(pointer.starts_with(place), "{pointer} for {body}");
    }
    for pays in ["\"cash\"", "{\"card\":{\"holder\":\"ada\"}}", "{\"invoice\":{\"pays\":\"cash\"}}"] {
        let body = line(&format!("{{\"pays\":{pays}}}"));
        assert!(parse::<Order>(body.as_bytes()).is_ok(), "{body}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            collection::btree_map("\\PC{0,4}", inner, 0..6).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn every_well_formed_value_comes_back_as_it_was(value in any_json()) {
        let text = serde_json::to_vec(&value).unwrap();
        prop_assert_eq!(parse::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn garbage_is_answered_and_never_taken_for_what_serde_refuses(bytes in collection::vec(any::<u8>(), 0..64)) {
        let ours = parse::<Value>(&bytes);
        let theirs = serde_json::from_slice::<Value>(&bytes);
        prop_assert!(ours.is_err() || theirs.is_ok());
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_wherever_it_stands(keys in collection::hash_set("[a-z]{1,6}", 1..60), pick in any::<prop::sample::Index>()) {
        let keys: Vec<_> = keys.into_iter().collect();
        let twice = keys[pick.index(keys.len())].clone();
        let members: Vec<_> = keys.iter().chain([&twice]).map(|key| format!("\"{key}\":1")).collect();
        let body = format!("[{{{}}}]", members.join(","));
        prop_assert_eq!(parse::<Value>(body.as_bytes()).unwrap_err().code(), Code::MalformedJson);
    }
}
