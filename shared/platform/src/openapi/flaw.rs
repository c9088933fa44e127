//! What would make a document mean two things, or nothing: found when a service starts or writes its document.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use utoipa::openapi::{RefOr, Schema};

use super::{document, documented, problem_schemas, referred, tags};
use crate::api::Routes;

/// A flaw in what the routes say.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Two operations of one name: generated clients and metrics would mix them up.
    #[error("the operationId {0} stands twice")]
    Operation(String),
    /// One schema name with two contents, as of a generic type: `#[schema(as = ...)]` names them apart.
    #[error("the schema name {0} stands for two things")]
    Schema(String),
    /// A schema named as a type of Rust's, such as `u16`: `#[schema(value_type = ...)]` writes it in place.
    #[error("the schema name {0} is no word of the API's")]
    Name(String),
    /// An operation in no group, or in one that no reader is told about.
    #[error("the operation {0} stands in no known group")]
    Group(String),
    /// A reference to a schema that the document does not hold.
    #[error("the schema {0} is referred to and is not there")]
    Reference(String),
}

/// Finds the first flaw.
pub fn check<S>(routes: &Routes<S>) -> Result<(), Flaw> {
    check_operations(routes)?;
    check_schemas(routes)?;
    check_references(routes)
}

fn check_operations<S>(routes: &Routes<S>) -> Result<(), Flaw> {
    let mut seen = BTreeSet::new();
    for endpoint in routes.resources.iter().flat_map(|(_, endpoints)| endpoints) {
        let id = endpoint.about.operation_id;
        if !seen.insert(id) {
            return Err(Flaw::Operation(id.to_owned()));
        }
    }
    match documented(routes).find(|about| !tags::is_known(about.tag)) {
        Some(about) => Err(Flaw::Group(about.operation_id.to_owned())),
        None => Ok(()),
    }
}

fn check_schemas<S>(routes: &Routes<S>) -> Result<(), Flaw> {
    let kit = problem_schemas();
    let mut seen: BTreeMap<&str, &RefOr<Schema>> =
        kit.iter().map(|(name, one)| (name.as_str(), one)).collect();
    for (name, schema) in documented(routes).flat_map(|about| &about.schemas) {
        if !name.starts_with(|first: char| first.is_ascii_uppercase()) {
            return Err(Flaw::Name(name.clone()));
        }
        if seen.insert(name, schema).is_some_and(|known| known != schema) {
            return Err(Flaw::Schema(name.clone()));
        }
    }
    Ok(())
}

fn check_references<S>(routes: &Routes<S>) -> Result<(), Flaw> {
    let document = document(routes, "");
    let empty = serde_json::Map::new();
    let there = document.pointer("/components/schemas").and_then(Value::as_object).unwrap_or(&empty);
    match references(&document).into_iter().find(|name| !there.contains_key(*name)) {
        Some(name) => Err(Flaw::Reference(name.to_owned())),
        None => Ok(()),
    }
}

/// The names of all schemas that are referred to.
fn references(value: &Value) -> BTreeSet<&str> {
    let (mut open, mut found) = (vec![value], BTreeSet::new());
    while let Some(next) = open.pop() {
        match next {
            Value::Object(members) => {
                found.extend(referred(next));
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    found
}
