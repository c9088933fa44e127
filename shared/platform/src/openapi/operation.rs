//! One operation with all its answers, those of the kit included: an undocumented status is a defect.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use utoipa::openapi::{
    ContentBuilder, HeaderBuilder, Ref, RefOr, Required, Response, ResponseBuilder,
    extensions::ExtensionsBuilder,
    header::Header,
    path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
    request_body::{RequestBody, RequestBodyBuilder},
    schema::{ObjectBuilder, Schema, Type},
    security::SecurityRequirement,
};

use crate::api::{About, Access, AnswerSpec, BodyKind, Code};

pub(super) fn describe(about: &About) -> Operation {
    let mut operation = OperationBuilder::new()
        .operation_id(Some(about.operation_id))
        .summary(non_empty(about.summary))
        .description(non_empty(about.description))
        .parameters(Some(parameters(about)));
    if !about.tag.is_empty() {
        operation = operation.tag(about.tag);
    }
    let mut extensions = ExtensionsBuilder::new();
    let scheme = about.scheme().map(|name| SecurityRequirement::new(name, Vec::<String>::new()));
    operation = operation.securities(Some(scheme));
    if let Access::Roles(roles) = about.access {
        extensions =
            extensions.add("x-roles", json!(roles.iter().map(|role| role.as_str()).collect::<Vec<_>>()));
    }
    extensions = extensions.add("x-audience", about.audience());
    operation = operation.request_body(about.body.as_ref().map(|(kind, schema)| body(*kind, schema)));
    for (status, response) in successes(about) {
        operation = operation.response(status.to_string(), response);
    }
    if about.cached {
        operation = operation.response(
            "304",
            limited(ResponseBuilder::new().description("What you have is still so.")).build(),
        );
    }
    for (status, response) in refusals(about) {
        operation = operation.response(status.to_string(), response);
    }
    operation.extensions(Some(extensions.build())).build()
}

/// The body under its own media type: a generated client sends the first that is named.
fn body(kind: BodyKind, schema: &RefOr<Schema>) -> RequestBody {
    let content = ContentBuilder::new().schema(Some(schema.clone())).build();
    let kinds = kind.media_types().iter().take(1);
    let body =
        kinds.fold(RequestBodyBuilder::new(), |body, media_type| body.content(*media_type, content.clone()));
    body.required(Some(Required::True)).build()
}

fn non_empty(text: &'static str) -> Option<&'static str> {
    Some(text).filter(|text| !text.is_empty())
}

fn parameters(about: &About) -> Vec<Parameter> {
    let mut all = about.params.clone();
    if about.access == Access::Signed {
        all.extend(SIGNATURE.map(|(name, says)| header_parameter(name, says, Required::True, text())));
    }
    if about.idempotent {
        let says = "A key of your choice, such as a UUID: the same request with the same key has one effect.";
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(255))
            .pattern(Some("^[!-~]+$"));
        all.push(header_parameter("Idempotency-Key", says, Required::True, schema));
    }
    if about.if_match {
        let says = "The ETag of the version you read (or several), or *.";
        all.push(header_parameter(
            "If-Match",
            says,
            if about.if_none_match { Required::False } else { Required::True },
            text().pattern(Some("^(\\*|(W/)?\"[^\"]*\"( *, *(W/)?\"[^\"]*\")*)$")),
        ));
    }
    if about.if_none_match {
        let schema = text().enum_values(Some(["*"]));
        all.push(header_parameter(
            "If-None-Match",
            "`*` creates, and only if it is not there.",
            Required::False,
            schema,
        ));
    }
    if about.cached {
        let says = "The ETag of the answer you have.";
        all.push(header_parameter("If-None-Match", says, Required::False, text()));
    }
    all
}

/// The headers of a signed message, as Standard Webhooks have them.
const SIGNATURE: [(&str, &str); 3] = [
    ("webhook-id", "The message: the same for each delivery of it."),
    (
        "webhook-timestamp",
        "When it was sent, in seconds since 1970. Five minutes too old or too new is refused.",
    ),
    (
        "webhook-signature",
        "`v1,` and the Base64 of the HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<body>`; several stand separated by \
         spaces, and one of them suffices.",
    ),
];

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn header_parameter(name: &str, says: &str, required: Required, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(says))
        .schema(Some(RefOr::T(Schema::Object(schema.build()))))
        .build()
}

fn header(says: &str, kind: Type) -> Header {
    let schema = RefOr::T(Schema::Object(ObjectBuilder::new().schema_type(kind).build()));
    HeaderBuilder::new().schema(Some(schema)).description(Some(says)).build()
}

/// The declared successes; two of one status (JSON and a page) share a response.
fn successes(about: &About) -> BTreeMap<u16, Response> {
    let mut grouped: BTreeMap<u16, Vec<&AnswerSpec>> = BTreeMap::new();
    for answer in &about.answers {
        grouped.entry(answer.status).or_default().push(answer);
    }
    grouped.into_iter().map(|(status, answers)| (status, success(about, status, &answers))).collect()
}

fn success(about: &About, status: u16, answers: &[&AnswerSpec]) -> Response {
    let description: Vec<_> = answers.iter().map(|answer| answer.description).collect();
    let mut response = limited(ResponseBuilder::new().description(description.join(" ")));
    for answer in answers {
        if let Some(schema) = &answer.schema {
            let content = ContentBuilder::new().schema(Some(schema.clone())).build();
            response = response.content("application/json", content);
        }
        if answer.html {
            let page = text().examples(["<!doctype html><title>A page</title>"]).build();
            let page = RefOr::T(Schema::Object(page));
            response = response.content("text/html", ContentBuilder::new().schema(Some(page)).build());
        }
    }
    if status == 201 {
        response = response.header("Location", header("Where it is.", Type::String));
    }
    if about.etag {
        response = response.header("ETag", header("The version, for If-Match.", Type::String));
    }
    if about.cached {
        let kept = header("How long it may be kept.", Type::String);
        response = response
            .header("ETag", header("Its tag, for If-None-Match.", Type::String))
            .header("Cache-Control", kept);
    }
    if about.idempotent {
        response =
            response.header("Idempotency-Replayed", header("`true` on a stored answer.", Type::String));
    }
    response.build()
}

/// With what every answer says of the request and its limit.
fn limited(response: ResponseBuilder) -> ResponseBuilder {
    let left = header("What is left of the limit (draft-ietf-httpapi-ratelimit-headers).", Type::String);
    response
        .header("Request-Id", header("The id to quote to us.", Type::String))
        .header("RateLimit", left)
        .header("RateLimit-Policy", header("The limit.", Type::String))
}

/// What the kit itself may answer, whatever the handler does.
fn kit_codes(about: &About) -> Vec<Code> {
    let mut codes = vec![
        Code::MalformedHeader,
        Code::NotAcceptable,
        Code::InvalidField,
        Code::RateLimited,
        Code::Internal,
        Code::Unavailable,
        Code::Overloaded,
    ];
    if about.access.needs_token() {
        codes.extend([Code::Unauthenticated, Code::Forbidden]);
    }
    codes
}

fn refusals(about: &About) -> BTreeMap<u16, Response> {
    let mut grouped: BTreeMap<u16, BTreeSet<Code>> = BTreeMap::new();
    for code in kit_codes(about).into_iter().chain(about.refusals.iter().copied()) {
        grouped.entry(code.status()).or_default().insert(code);
    }
    grouped.into_iter().map(|(status, codes)| (status, refusal(status, &codes))).collect()
}

fn refusal(status: u16, codes: &BTreeSet<Code>) -> Response {
    let lines: Vec<_> = codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.title())).collect();
    let words: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
    let problem = ContentBuilder::new().schema(Some(RefOr::Ref(Ref::from_schema_name("Problem")))).build();
    let mut response = limited(ResponseBuilder::new())
        .description(lines.join("\n\n"))
        .content("application/problem+json", problem)
        .extensions(Some(ExtensionsBuilder::new().add("x-codes", json!(words)).build()));
    if codes.iter().any(|code| code.is_retryable()) {
        response = response.header("Retry-After", header("Seconds to wait.", Type::Integer));
    }
    if status == 401 {
        response = response.header("WWW-Authenticate", header("How to authenticate.", Type::String));
    }
    response.build()
}
