//! Words that will grow: closed for who sends them, open for who reads them.
//!
//! A client that was generated from a closed enum cannot read an answer with a word that came later. So an `enum` of an
//! answer becomes `x-extensible-enum`, with the words in its description; where the same enum is sent, it stands closed
//! in its place.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{operations, referred, schemas};

const OPEN: &str = "x-extensible-enum";

/// Opens every enum that stands in an answer.
pub(super) fn open(document: &mut Value) {
    let all = schemas(document);
    let (mut sent, mut answered) = (BTreeSet::new(), BTreeSet::new());
    for operation in operations(document) {
        for part in ["parameters", "requestBody"] {
            reach(operation.get(part).unwrap_or(&Value::Null), &all, &mut sent);
        }
        reach(operation.get("responses").unwrap_or(&Value::Null), &all, &mut answered);
    }
    let enums = all.iter().filter(|(name, schema)| answered.contains(*name) && schema.get("enum").is_some());
    let closed: Map<String, Value> = enums.map(|(name, schema)| (name.clone(), schema.clone())).collect();
    for operation in operations(document) {
        for part in ["parameters", "requestBody"] {
            operation.get_mut(part).into_iter().for_each(|part| stand_in(part, &closed));
        }
    }
    let own = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for (name, schema) in own.into_iter().flatten() {
        if answered.contains(name) {
            open_words(schema);
        } else if sent.contains(name) {
            stand_in(schema, &closed);
        }
    }
}

/// The names of all schemas that a part of the document leads to.
fn reach(part: &Value, all: &Map<String, Value>, found: &mut BTreeSet<String>) {
    if let Some(name) = referred(part)
        && found.insert(name.to_owned())
    {
        reach(all.get(name).unwrap_or(&Value::Null), all, found);
    }
    match part {
        Value::Object(members) => members.values().for_each(|one| reach(one, all, found)),
        Value::Array(items) => items.iter().for_each(|one| reach(one, all, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Writes closed enums where they are referred to, since the schema of that name is open.
fn stand_in(part: &mut Value, closed: &Map<String, Value>) {
    let named = referred(part).and_then(|name| closed.get(name)).and_then(Value::as_object).cloned();
    match part {
        Value::Object(members) => {
            if let Some(mut schema) = named {
                members.remove("$ref");
                schema.append(members);
                *members = schema;
            }
            members.values_mut().for_each(|one| stand_in(one, closed));
        }
        Value::Array(items) => items.iter_mut().for_each(|one| stand_in(one, closed)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn open_words(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            open_enum(members);
            members.values_mut().for_each(open_words);
        }
        Value::Array(items) => items.iter_mut().for_each(open_words),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn open_enum(members: &mut Map<String, Value>) {
    let Some(words) = members.get("enum").and_then(Value::as_array) else { return };
    let words: Vec<Value> = words.iter().filter(|word| word.is_string()).cloned().collect();
    let listed: Vec<String> =
        words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect();
    let said = members.get("description").and_then(Value::as_str).unwrap_or_default();
    let says = format!("{said} One of: {}; more may come.", listed.join(", ")).trim_start().to_owned();
    members.remove("enum");
    members.insert("description".to_owned(), says.into());
    members.insert(OPEN.to_owned(), words.into());
}
