//! The merged document in parts, one for each audience: nobody reads what is not for them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// An audience as operations name it (`x-audience`), the title of its document, and what it says.
const AUDIENCES: [(&str, &str, &str); 3] = [
    (
        "partners",
        "Vacancy",
        "Hotel booking that never sells the same room twice: what travellers, managers of hotels and channels call.",
    ),
    (
        "operators",
        "Vacancy for operators",
        "What only operators call, besides all that managers and travellers do.",
    ),
    (
        "provider",
        "Vacancy for the payment provider",
        "What the payment provider tells us, as signed messages. They are sent to `/v1/payments/callbacks`.",
    ),
];

/// What a message is called that is sent to us.
const WEBHOOK: &str = "payment-callback";

/// A document for each audience, by its name.
pub(super) fn split(merged: &Value) -> Vec<(&'static str, Value)> {
    AUDIENCES.iter().map(|(name, title, says)| (*name, part(merged, name, title, says))).collect()
}

fn part(merged: &Value, name: &str, title: &str, says: &str) -> Value {
    let mut document = merged.clone();
    let mut paths = operations_for(merged, name);
    if let Some(info) = document.get_mut("info").and_then(Value::as_object_mut) {
        let common = info.get("description").and_then(Value::as_str).unwrap_or_default();
        let described = format!("{says}\n\n{common}");
        info.insert("title".into(), title.into());
        info.insert("description".into(), described.into());
    }
    if let Some(members) = document.as_object_mut() {
        members.remove("paths");
        let (kind, items) = match name {
            "provider" => {
                ("webhooks", paths.remove("/v1/payments/callbacks").map(webhook).unwrap_or_default())
            }
            _ => ("paths", paths),
        };
        members.insert(kind.into(), items.into());
    }
    keep_tags(&mut document);
    keep_components(&mut document);
    document
}

fn webhook(item: Value) -> Map<String, Value> {
    Map::from_iter([(WEBHOOK.to_owned(), item)])
}

/// The paths with those operations that are for this audience.
fn operations_for(merged: &Value, name: &str) -> Map<String, Value> {
    let mut kept = Map::new();
    for (path, item) in object(merged.get("paths")) {
        let mut item = object(Some(&item));
        item.retain(|_, operation| operation.get("x-audience").and_then(Value::as_str) == Some(name));
        if !item.is_empty() {
            kept.insert(path, item.into());
        }
    }
    kept
}

fn keep_tags(document: &mut Value) {
    let (mut open, mut used) = (vec![document.get("paths"), document.get("webhooks")], BTreeSet::new());
    while let Some(next) = open.pop() {
        let items = object(next).into_iter().flat_map(|(_, item)| object(Some(&item)));
        for (_, operation) in items {
            let tags = operation.get("tags").and_then(Value::as_array).into_iter().flatten();
            used.extend(tags.filter_map(Value::as_str).map(str::to_owned));
        }
    }
    if let Some(tags) = document.get_mut("tags").and_then(Value::as_array_mut) {
        tags.retain(|tag| tag.get("name").and_then(Value::as_str).is_some_and(|name| used.contains(name)));
    }
}

/// Leaves out the components that nothing leads to.
pub(super) fn keep_components(document: &mut Value) {
    let mut found = BTreeSet::new();
    for part in ["paths", "webhooks"] {
        reach(document.get(part).unwrap_or(&Value::Null), document, &mut found);
    }
    let components = document.get_mut("components").and_then(Value::as_object_mut);
    for (kind, named) in components.into_iter().flatten() {
        if let Some(named) = named.as_object_mut() {
            named.retain(|name, _| found.contains(&format!("#/components/{kind}/{name}")));
        }
    }
}

/// Everything that a part of the document leads to: references, and the schemes of its operations.
fn reach(part: &Value, document: &Value, found: &mut BTreeSet<String>) {
    if let Some(reference) = part.get("$ref").and_then(Value::as_str)
        && found.insert(reference.to_owned())
    {
        let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        reach(target.unwrap_or(&Value::Null), document, found);
    }
    let schemes = part.get("security").and_then(Value::as_array).into_iter().flatten();
    for scheme in schemes.filter_map(Value::as_object).flat_map(Map::keys) {
        found.insert(format!("#/components/securitySchemes/{scheme}"));
    }
    match part {
        Value::Object(members) => members.values().for_each(|one| reach(one, document, found)),
        Value::Array(items) => items.iter().for_each(|one| reach(one, document, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn object(value: Option<&Value>) -> Map<String, Value> {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn operation(audience: &str, tag: &str, schema: &str) -> Value {
        let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
        json!({ "operationId": audience, "x-audience": audience, "tags": [tag], "responses": { "200": { "content":
            { "application/json": { "schema": schema } } } } })
    }

    fn merged() -> Value {
        let mut book = operation("partners", "bookings", "Booking");
        book["security"] = json!([{ "bearer": [] }]);
        json!({
            "info": { "title": "all", "description": "Common." },
            "tags": [{ "name": "bookings" }, { "name": "payments" }],
            "paths": {
                "/v1/bookings": { "get": book },
                "/v1/payments/callbacks": { "post": operation("provider", "payments", "Callback") },
                "/v1/payments/reviews": { "get": operation("operators", "payments", "Review") },
            },
            "components": {
                "schemas": {
                    "Booking": { "properties": { "price": { "$ref": "#/components/schemas/Money" } } },
                    "Money": {}, "Callback": {}, "Review": {},
                },
                "securitySchemes": { "bearer": {} },
            },
        })
    }

    #[test]
    fn every_operation_stands_in_exactly_one_document_with_what_it_needs_and_no_more() {
        let parts = split(&merged());
        let names = |at: usize, pointer: &str| -> Vec<String> {
            parts[at]
                .1
                .pointer(pointer)
                .map(|one| object(Some(one)).keys().cloned().collect())
                .unwrap_or_default()
        };
        assert_eq!(names(0, "/paths"), ["/v1/bookings"]);
        assert_eq!(names(0, "/components/schemas"), ["Booking", "Money"]);
        assert_eq!(names(0, "/components/securitySchemes"), ["bearer"]);
        assert_eq!(parts[0].1["tags"], json!([{ "name": "bookings" }]));
        assert_eq!(names(1, "/paths"), ["/v1/payments/reviews"]);
        assert_eq!(names(1, "/components/schemas"), ["Review"]);
        assert_eq!(names(2, "/webhooks"), ["payment-callback"]);
        assert!(names(2, "/paths").is_empty() && names(2, "/components/securitySchemes").is_empty());
        assert!(parts[2].1["info"]["description"].as_str().unwrap().ends_with("\n\nCommon."));
    }
}
