//! Several documents as one: paths put together, equal schemas once, a clash refused by name.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::failure::{Failure, Outcome};

const TITLE: &str = "Vacancy";
/// The merged document. The first one gives version, security and servers.
pub(super) fn merged(documents: &[(&str, Value)]) -> Outcome<Value> {
    let mut all = documents.first().map(|(_, document)| object(Some(document))).unwrap_or_default();
    for (service, document) in documents.iter().skip(1) {
        let tags = tags(&all, document);
        all.insert("tags".into(), tags.into());
        for part in ["paths", "components"] {
            let mut section = object(all.get(part));
            join(&mut section, object(document.get(part)), &format!("{service}: {part}"))?;
            all.insert(part.to_owned(), Value::Object(section));
        }
    }
    let mut info = object(all.get("info"));
    info.insert("title".into(), TITLE.into());
    all.insert("info".into(), Value::Object(info));
    unique_operations(&all)?;
    Ok(Value::Object(all))
}

fn object(value: Option<&Value>) -> Map<String, Value> {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

/// Puts objects together key by key; what both have must be equal, or objects in turn.
fn join(into: &mut Map<String, Value>, from: Map<String, Value>, place: &str) -> Outcome {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(there), value) if *there == value => {}
            (Some(Value::Object(there)), Value::Object(value)) => {
                join(there, value, &format!("{place}/{key}"))?;
            }
            (Some(_), _) => {
                return Err(Failure::Refused(format!(
                    "{place}/{key} differs from another service's; rename one"
                )));
            }
            (None, value) => {
                into.insert(key, value);
            }
        }
    }
    Ok(())
}

/// The groups of both, by name.
fn tags(all: &Map<String, Value>, document: &Value) -> Vec<Value> {
    let listed = [all.get("tags"), document.get("tags")].into_iter().flatten().filter_map(Value::as_array);
    let name = |tag: &Value| tag.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let by_name: BTreeMap<String, Value> = listed.flatten().map(|tag| (name(tag), tag.clone())).collect();
    by_name.into_values().collect()
}

/// Clients are generated with one function per operation id.
fn unique_operations(all: &Map<String, Value>) -> Outcome {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    let paths = all.get("paths").and_then(Value::as_object);
    for (path, item) in paths.into_iter().flatten() {
        let ids = item
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(_, operation)| operation.get("operationId")?.as_str());
        for id in ids {
            if let Some(other) = seen.insert(id, path) {
                return Err(Failure::Refused(format!("operation id {id} is used by {other} and {path}")));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(path: &str, operation: &str, schema: &Value) -> Value {
        json!({"info": {"title": "x"}, "paths": {path: {"get": {"operationId": operation}}},
               "components": {"schemas": {"Money": schema}}})
    }

    #[test]
    fn equal_schemas_are_kept_once_and_paths_are_put_together() {
        let one = document("/a", "a", &json!({"type": "object"}));
        let two = document("/b", "b", &json!({"type": "object"}));
        let all = merged(&[("one", one), ("two", two)]).unwrap();
        assert_eq!(all["paths"].as_object().unwrap().len(), 2);
        assert_eq!(all["info"]["title"], "Vacancy");
    }

    #[test]
    fn a_schema_that_means_two_things_is_refused_by_name() {
        let one = document("/a", "a", &json!({"type": "object"}));
        let two = document("/b", "b", &json!({"type": "string"}));
        let refusal = merged(&[("one", one), ("two", two)]).unwrap_err().to_string();
        assert!(refusal.contains("Money"), "{refusal}");
    }

    #[test]
    fn an_operation_id_used_twice_is_refused() {
        let one = document("/a", "same", &json!({}));
        let two = document("/b", "same", &json!({}));
        assert!(merged(&[("one", one), ("two", two)]).unwrap_err().to_string().contains("same"));
    }
}
