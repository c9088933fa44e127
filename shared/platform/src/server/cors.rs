//! Browsers of other origins: who may call, and the refusal of who may not as a problem like any other.

use std::sync::Arc;

use actix_cors::{Cors, CorsError};
use actix_web::{body::EitherBody, dev::ServiceResponse};

use super::{Kit, arrival::Arrival, respond};
use crate::api::{Code, FieldError, Problem};

/// Browsers of the configured origins may call; what they may read is what clients need.
pub(super) fn cors(origins: &[String]) -> Cors {
    let base = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            "authorization",
            "content-type",
            "accept",
            "accept-language",
            "idempotency-key",
            "if-match",
            "if-none-match",
            "request-id",
            "traceparent",
        ])
        .expose_headers([
            "etag",
            "location",
            "request-id",
            "retry-after",
            "idempotency-replayed",
            "ratelimit",
            "ratelimit-policy",
        ])
        .max_age(3600);
    origins.iter().fold(base, |cors, origin| {
        if origin == "*" { cors.allow_any_origin() } else { cors.allowed_origin(origin) }
    })
}

/// The answer, with a problem in place of the plain text that a refused preflight is answered with.
pub(super) fn explained<B>(kit: &Arc<Kit>, response: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
    let refused = response.response().error().and_then(|error| error.as_error::<CorsError>());
    let Some(refused) = refused.map(problem) else { return response.map_into_left_body() };
    let request = response.request().clone();
    let arrival = Arrival::of(kit, &request, "unknown");
    let answer = respond::answer(kit, &request, &arrival, Err(refused));
    ServiceResponse::new(request, answer).map_into_right_body()
}

fn problem(error: &CorsError) -> Problem {
    let name = if matches!(error, CorsError::OriginNotAllowed | CorsError::MissingOrigin) {
        "Origin"
    } else if matches!(
        error,
        CorsError::MethodNotAllowed | CorsError::MissingRequestMethod | CorsError::BadRequestMethod
    ) {
        "Access-Control-Request-Method"
    } else {
        "Access-Control-Request-Headers"
    };
    let entry = FieldError::header(name, "not_allowed", "Browsers may not call with this.");
    Problem::new(Code::MalformedHeader).detail(error.to_string()).errors(vec![entry])
}
