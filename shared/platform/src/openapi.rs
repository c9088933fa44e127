//! The `OpenAPI` 3.1 document of a service, made of its routes.

mod examples;
mod flaw;
mod notes;
mod operation;
mod problems;
mod tags;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use utoipa::{
    PartialSchema as _, ToSchema as _,
    openapi::{
        ComponentsBuilder, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem,
        PathsBuilder, RefOr, Schema, ServerBuilder,
        path::HttpMethod,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::api::{About, BEARER, Code, Endpoint, FieldError, ProblemBody, Routes, UnavailableNight};

pub use crate::api::words::{words, words_or_null};
pub use flaw::{Flaw, check};

/// Where references to schemas lead.
const REFERENCE: &str = "#/components/schemas/";

/// Where the API answers, and where a copy of one's own does.
const SERVERS: [(&str, &str); 2] = [
    ("https://api.vacancy.example", "The API."),
    ("http://127.0.0.1:8080", "The gateway of a stack of your own."),
];

const DESCRIPTION: &str = "Hotel booking that never sells the same room twice. Within `/v1` there are only additions: \
    ignore members that you do not know, and take a word of `x-extensible-enum` that you do not know as \"something \
    else\". Every GET answers HEAD too, without the body.";

const BEARER_SAYS: &str = "An access token of your identity provider: a JWT signed with RS256, ES256 or EdDSA, with `iss` \
    (the issuer that is trusted here), `aud` (`vacancy`, unless you were told otherwise), `exp`, `sub`, and `roles`: an \
    array of `traveller`, `channel`, `manager`, `operator`. An operation names in `x-roles` the roles that may call it; one \
    of them suffices. A manager's `account_id` is the account that owns the hotels; without it their user id does.";

const KEY_SAYS: &str = "The merchant's API key, sent as a bearer token.";

/// The document of these routes. `title` is the service's name.
pub fn document<S>(routes: &Routes<S>, title: &str) -> Value {
    let mut document = serde_json::to_value(declared(routes, title)).unwrap_or_default();
    notes::lift(&mut document);
    words::open(&mut document);
    examples::fill(&mut document);
    document
}

/// The same, for who reads it from the service itself: which answers at the same address.
pub(crate) fn served(mut document: Value) -> Value {
    if let Some(servers) = document.get_mut("servers").and_then(Value::as_array_mut) {
        servers.insert(0, json!({ "url": "/", "description": "This service." }));
    }
    document
}

fn declared<S>(routes: &Routes<S>, title: &str) -> OpenApi {
    let mut paths = PathsBuilder::new();
    let mut schemas = problem_schemas();
    for (path, endpoints) in &routes.resources {
        if let Some(item) = path_item(endpoints, &mut schemas) {
            paths = paths.path(*path, item);
        }
    }
    let mut components = ComponentsBuilder::new().schemas_from_iter(schemas);
    for (name, scheme) in schemes(routes) {
        components = components.security_scheme(name, scheme);
    }
    let info = InfoBuilder::new()
        .title(title)
        .version("v1")
        .description(Some(DESCRIPTION))
        .contact(Some(contact()))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let server = |(url, says): (&str, &str)| ServerBuilder::new().url(url).description(Some(says)).build();
    OpenApiBuilder::new()
        .info(info)
        .servers(Some(SERVERS.map(server)))
        .tags(Some(tags::of(documented(routes).map(|about| about.tag))))
        .paths(paths)
        .components(Some(components.build()))
        .build()
}

fn contact() -> utoipa::openapi::Contact {
    ContactBuilder::new()
        .name(Some("Vacancy"))
        .url(Some("https://docs.vacancy.example"))
        .email(Some("api@vacancy.example"))
        .build()
}

/// All that is said about the operations in the document.
fn documented<S>(routes: &Routes<S>) -> impl Iterator<Item = &About> {
    let endpoints = routes.resources.iter().flat_map(|(_, endpoints)| endpoints);
    endpoints.map(|endpoint| &endpoint.about).filter(|about| about.documented)
}

/// How callers show who they are, as far as any operation asks.
fn schemes<S>(routes: &Routes<S>) -> BTreeMap<&'static str, SecurityScheme> {
    let named: BTreeSet<_> = documented(routes).filter_map(About::scheme).collect();
    let scheme = |name: &'static str| {
        let (format, says) = if name == BEARER { ("JWT", BEARER_SAYS) } else { ("key", KEY_SAYS) };
        let http = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format(format);
        (name, SecurityScheme::Http(http.description(Some(says)).build()))
    };
    named.into_iter().map(scheme).collect()
}

fn problem_schemas() -> BTreeMap<String, RefOr<Schema>> {
    let mut schemas = BTreeMap::new();
    let mut nested = Vec::new();
    ProblemBody::schemas(&mut nested);
    schemas.extend(nested);
    schemas.insert(ProblemBody::name().into_owned(), ProblemBody::schema());
    schemas.insert(FieldError::name().into_owned(), FieldError::schema());
    schemas.insert(Code::name().into_owned(), Code::schema());
    schemas.insert(UnavailableNight::name().into_owned(), UnavailableNight::schema());
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
pub fn to_text(document: &Value) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(document).map(|text| text + "\n")
}

/// The operations of the document, with their paths and methods.
fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let items = paths.into_iter().flat_map(|paths| paths.values_mut());
    let operations = items.filter_map(Value::as_object_mut).flat_map(|item| item.values_mut());
    operations.filter(|operation| operation.get("operationId").is_some())
}

/// The schemas of the document by name.
fn schemas(document: &Value) -> serde_json::Map<String, Value> {
    let found = document.pointer("/components/schemas").and_then(Value::as_object);
    found.cloned().unwrap_or_default()
}

/// The name of the schema that a reference leads to.
fn referred(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix(REFERENCE)
}
