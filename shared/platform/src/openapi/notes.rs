//! Notes of schemas where generators look for them: a description beside the alternatives, examples as 3.1 writes them.

use serde_json::{Map, Value, json};

/// Puts every note in its place.
pub(super) fn lift(value: &mut Value) {
    match value {
        Value::Object(members) => {
            lift_description(members);
            lift_example(members);
            members.values_mut().for_each(lift);
        }
        Value::Array(items) => items.iter_mut().for_each(lift),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What is said of one of two alternatives, the other being null, is said of the property.
fn lift_description(members: &mut Map<String, Value>) {
    if members.contains_key("description") {
        return;
    }
    let alternatives = members.get_mut("oneOf").and_then(Value::as_array_mut);
    let of_reference = alternatives.into_iter().flatten().filter(|one| one.get("$ref").is_some());
    let said = of_reference.filter_map(Value::as_object_mut).find_map(|one| one.remove("description"));
    members.extend(said.map(|said| ("description".to_owned(), said)));
}

/// A schema's `example` is deprecated in 3.1; that of a parameter is not.
fn lift_example(members: &mut Map<String, Value>) {
    let is_schema = ["type", "$ref", "oneOf", "allOf"].iter().any(|key| members.contains_key(*key));
    if is_schema && let Some(example) = members.remove("example") {
        members.insert("examples".to_owned(), json!([example]));
    }
}
