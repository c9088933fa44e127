//! The `OpenAPI` 3.1 document of a service, made of its routes; and several made one.

mod flaw;
mod operation;

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::{
    PartialSchema as _, ToSchema as _,
    openapi::{
        ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, PathsBuilder, RefOr, Schema,
        path::HttpMethod,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::api::{Code, Endpoint, FieldError, ProblemBody, Routes};

pub use flaw::{Flaw, check};

/// The name of the bearer scheme in documents.
pub(crate) const BEARER: &str = "bearer";

/// The document of these routes. `title` is the service's name.
pub fn document<S>(routes: &Routes<S>, title: &str) -> OpenApi {
    let mut paths = PathsBuilder::new();
    let mut schemas = problem_schemas();
    for (path, endpoints) in &routes.resources {
        if let Some(item) = path_item(endpoints, &mut schemas) {
            paths = paths.path(*path, item);
        }
    }
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme(BEARER, SecurityScheme::Http(scheme))
        .build();
    let info = InfoBuilder::new().title(title).version("v1").license(Some(license())).build();
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build()
}

fn license() -> utoipa::openapi::License {
    utoipa::openapi::LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()
}

fn problem_schemas() -> BTreeMap<String, RefOr<Schema>> {
    let mut schemas = BTreeMap::new();
    schemas.insert(ProblemBody::name().into_owned(), ProblemBody::schema());
    schemas.insert(FieldError::name().into_owned(), FieldError::schema());
    schemas.insert(Code::name().into_owned(), Code::schema());
    schemas
}

fn path_item<S>(
    endpoints: &[Endpoint<S>],
    schemas: &mut BTreeMap<String, RefOr<Schema>>,
) -> Option<PathItem> {
    let mut item: Option<PathItem> = None;
    for endpoint in endpoints.iter().filter(|endpoint| endpoint.about.documented) {
        schemas.extend(endpoint.about.schemas.iter().cloned());
        let next = PathItem::new(verb(endpoint), operation::describe(&endpoint.about));
        match &mut item {
            None => item = Some(next),
            Some(item) => item.merge_operations(next),
        }
    }
    item
}

fn verb<S>(endpoint: &Endpoint<S>) -> HttpMethod {
    match endpoint.method.as_str() {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

/// The document as it is kept in the repository: indented, with an end of line.
pub fn to_text(document: &OpenApi) -> Result<String, serde_json::Error> {
    document.to_pretty_json().map(|text| text + "\n")
}

/// Two documents mean different things by one name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeConflict {
    /// The same schema name with different content.
    #[error("the schema {0} differs between the documents")]
    Schema(String),
    /// The same operation twice.
    #[error("the operation {0} stands in two documents")]
    Operation(String),
}

/// One document of several services, as JSON.
pub fn merge(documents: &[Value], title: &str) -> Result<Value, MergeConflict> {
    let mut merged = documents.first().cloned().unwrap_or_default();
    if let Some(slot) = merged.pointer_mut("/info/title") {
        *slot = Value::String(title.to_owned());
    }
    for next in documents.iter().skip(1) {
        merge_schemas(&mut merged, next)?;
        merge_paths(&mut merged, next)?;
    }
    Ok(merged)
}

fn members<'a>(document: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    document.pointer(pointer).and_then(Value::as_object).into_iter().flatten()
}

fn merge_schemas(merged: &mut Value, next: &Value) -> Result<(), MergeConflict> {
    let Some(own) = merged.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else {
        return Ok(());
    };
    for (name, schema) in members(next, "/components/schemas") {
        match own.get(name) {
            Some(known) if known != schema => return Err(MergeConflict::Schema(name.clone())),
            Some(_) => {}
            None => {
                own.insert(name.clone(), schema.clone());
            }
        }
    }
    Ok(())
}

fn merge_paths(merged: &mut Value, next: &Value) -> Result<(), MergeConflict> {
    let Some(own) = merged.pointer_mut("/paths").and_then(Value::as_object_mut) else { return Ok(()) };
    for (path, item) in members(next, "/paths") {
        let known = own.entry(path.clone()).or_insert_with(|| Value::Object(serde_json::Map::new()));
        let (Some(known), Some(item)) = (known.as_object_mut(), item.as_object()) else { continue };
        for (method, operation) in item {
            if known.insert(method.clone(), operation.clone()).is_some() {
                return Err(MergeConflict::Operation(format!("{method} {path}")));
            }
        }
    }
    Ok(())
}
