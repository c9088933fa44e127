//! Writes answers and problems, with what every one of them carries, and tells log and metrics.

use std::sync::atomic::Ordering;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self as names, HeaderName, HeaderValue},
    },
};

use super::{
    Kit,
    arrival::{Arrival, header},
    cache,
};
use crate::api::{Answer, Body, Occasion, Operation, Problem, Rendered};

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// As [`answer`], counted and timed under the operation's name.
pub(super) fn measured(
    kit: &Kit,
    operation: &Operation,
    http: &HttpRequest,
    arrival: &Arrival,
    outcome: Result<Answer, Problem>,
) -> HttpResponse {
    let name = operation.about.operation_id;
    let mut rendered = rendered(kit, http, arrival, outcome);
    if operation.about.cached {
        let known = header(http, "if-none-match");
        rendered = cache::public(rendered, kit.http.public_max_age_seconds, known);
    }
    let response = written(kit, arrival, rendered);
    let (status, elapsed) = (response.status(), arrival.started.elapsed());
    metrics::histogram!("http_request_seconds", "operation" => name).record(elapsed.as_secs_f64());
    metrics::counter!("http_requests_total", "operation" => name, "status" => word(status)).increment(1);
    if kit.access_log {
        let (method, path, elapsed_us) = (http.method().as_str(), http.path(), elapsed.as_micros());
        tracing::info!(method, path, status = status.as_u16(), elapsed_us, "request answered");
    }
    response
}

/// The statuses that we give, as labels that cost no allocation.
fn word(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200 => "200",
        201 => "201",
        204 => "204",
        304 => "304",
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        406 => "406",
        408 => "408",
        409 => "409",
        412 => "412",
        413 => "413",
        415 => "415",
        422 => "422",
        428 => "428",
        429 => "429",
        500 => "500",
        503 => "503",
        _ => "other",
    }
}

/// The response for an outcome.
pub(super) fn answer(
    kit: &Kit,
    http: &HttpRequest,
    arrival: &Arrival,
    outcome: Result<Answer, Problem>,
) -> HttpResponse {
    written(kit, arrival, rendered(kit, http, arrival, outcome))
}

fn rendered(kit: &Kit, http: &HttpRequest, arrival: &Arrival, outcome: Result<Answer, Problem>) -> Rendered {
    outcome.and_then(Answer::render).unwrap_or_else(|problem| refuse(kit, http, arrival, &problem))
}

/// With what every answer carries.
fn written(kit: &Kit, arrival: &Arrival, rendered: Rendered) -> HttpResponse {
    let status = StatusCode::from_u16(rendered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.insert_header((names::CACHE_CONTROL, NO_STORE));
    for (name, value) in rendered.headers {
        response.insert_header((name, value));
    }
    if let Ok(id) = HeaderValue::from_str(&arrival.request_id) {
        response.insert_header((REQUEST_ID, id));
    }
    if let Some(standing) = &*arrival.standing.borrow() {
        response.insert_header((RATELIMIT, standing.limit()));
        response.insert_header((RATELIMIT_POLICY, standing.policy.clone()));
    }
    response.insert_header((names::X_CONTENT_TYPE_OPTIONS, NOSNIFF));
    if kit.draining.load(Ordering::Relaxed) {
        response.force_close();
    }
    match rendered.body {
        Some(body) => response.insert_header((names::CONTENT_TYPE, body.kind)).body(body.bytes),
        None => response.finish(),
    }
}

fn refuse(kit: &Kit, http: &HttpRequest, arrival: &Arrival, problem: &Problem) -> Rendered {
    let code = problem.code();
    if code.status() >= 500 {
        let (code, causes) = (code.as_str(), problem.causes());
        tracing::error!(request_id = %arrival.request_id, code, causes, "a request failed on our side");
    } else {
        tracing::debug!(request_id = %arrival.request_id, code = code.as_str(), %problem, "a request was refused");
    }
    let occasion =
        Occasion { docs_base: &kit.http.docs_base, path: http.path(), request_id: &arrival.request_id };
    let body = Body { kind: PROBLEM, bytes: problem.to_json(&occasion).into() };
    let own = problem.headers().iter().filter_map(|(name, value)| {
        Some((HeaderName::from_static(name), HeaderValue::from_str(value).ok()?))
    });
    let wait = problem.retry_after_seconds().map(|seconds| (names::RETRY_AFTER, HeaderValue::from(seconds)));
    Rendered { status: code.status(), body: Some(body), headers: own.chain(wait).collect() }
}
