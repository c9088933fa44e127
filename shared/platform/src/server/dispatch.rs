//! One request from its headers to its answer.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, web::Payload};
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use tracing::Instrument as _;

use super::{
    Kit,
    arrival::{Arrival, header},
    respond,
};
use crate::{
    api::{
        Access, Answer, BodyKind, Code, FieldError, Mounted, Operation, Problem, Request, RequestParts,
        weight,
    },
    auth::{Caller, Denied, bearer},
};

pub(super) async fn dispatch(
    kit: Arc<Kit>,
    mounted: Mounted,
    http: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    let Some(operation) = mounted.find(http.method()).and_then(|at| mounted.operation(at)) else {
        let arrival = Arrival::of(&kit, &http, "unknown");
        let problem = Problem::new(Code::MethodNotAllowed).header("allow", &*mounted.allow);
        return respond::answer(&kit, &http, &arrival, Err(problem));
    };
    let arrival = Arrival::of(&kit, &http, operation.about.operation_id);
    let outcome = answer(&kit, operation, &http, payload, &arrival).instrument(arrival.span.clone()).await;
    let outcome = priced(&kit, operation, &arrival, outcome);
    let _within = arrival.span.enter();
    respond::measured(&kit, operation, &http, &arrival, outcome)
}

/// The gates in order: who, how often, what kind, how long; then the handler.
async fn answer(
    kit: &Arc<Kit>,
    operation: &Operation,
    http: &HttpRequest,
    payload: Payload,
    arrival: &Arrival,
) -> Result<Answer, Problem> {
    let caller = admit(kit, operation, http, arrival).await?;
    let about = &operation.about;
    forced(kit, operation, http)?;
    if about.documented {
        acceptable(operation, http)?;
        let takes_query =
            about.params.iter().any(|one| one.parameter_in == utoipa::openapi::path::ParameterIn::Query);
        if !takes_query && !http.query_string().is_empty() {
            return Err(no_parameters(http.query_string()));
        }
    }
    let body = match &about.body {
        Some((kind, _)) => {
            media_type(*kind, http)?;
            read_body(kit, about.body_limit, http, payload).await?
        }
        None => Bytes::new(),
    };
    let request = Request::new(RequestParts {
        operation_id: about.operation_id,
        path: http.path().to_owned(),
        params: http.match_info().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        query: http.query_string().to_owned(),
        headers: http.headers().clone(),
        body,
        caller,
        address: arrival.address,
        request_id: arrival.request_id.clone(),
    });
    if about.idempotent {
        request.idempotency_key()?;
    }
    run(kit, operation, request, arrival).await
}

/// What is said to be signed costs its address if it was refused before it was believed. Only the handler, which
/// believes first, calls a body malformed.
fn priced(
    kit: &Kit,
    operation: &Operation,
    arrival: &Arrival,
    outcome: Result<Answer, Problem>,
) -> Result<Answer, Problem> {
    let free = |code: Code| code.status() >= 500 || code == Code::MalformedJson;
    match &outcome {
        Err(problem) if operation.about.access == Access::Signed && !free(problem.code()) => {
            arrival.limited(kit.rates.take_address(arrival.address))?;
        }
        Ok(_) | Err(_) => {}
    }
    outcome
}

/// Who calls, if they may, and not too often. Whoever shows a valid token is limited as a caller, also where none is
/// needed; everybody else as their address, guessing tokens included. Who signs is not limited before the handler has
/// looked at the signature.
async fn admit(
    kit: &Kit,
    operation: &Operation,
    http: &HttpRequest,
    arrival: &Arrival,
) -> Result<Arc<Caller>, Problem> {
    let access = operation.about.access;
    if access == Access::Signed {
        return Ok(kit.anonymous.clone());
    }
    let caller = match identify(kit, http, arrival).await {
        Ok(caller) => caller,
        Err(limited) if limited.code() == Code::RateLimited && access != Access::Public => {
            return Err(limited);
        }
        Err(refused) => {
            arrival.limited(kit.rates.take_address(arrival.address))?;
            return if access == Access::Public { Ok(kit.anonymous.clone()) } else { Err(refused) };
        }
    };
    arrival.called_by(&caller);
    arrival.limited(kit.rates.take_caller(&caller))?;
    match access {
        Access::Public | Access::Signed => Ok(kit.anonymous.clone()),
        Access::Roles(roles) if caller.may(roles) => Ok(caller),
        Access::Roles(_) => Err(Problem::new(Code::Forbidden)),
    }
}

/// The caller that the token names. One that was not seen a moment ago is checked, as often as its address may ask.
async fn identify(kit: &Kit, http: &HttpRequest, arrival: &Arrival) -> Result<Arc<Caller>, Problem> {
    let token = bearer(header(http, "authorization")).map_err(unauthenticated)?;
    if let Some(caller) = kit.auth.recent(token).await {
        return Ok(caller);
    }
    arrival.limited(kit.rates.take_check(arrival.address))?;
    kit.auth.caller(token).await.map_err(unauthenticated)
}

fn unauthenticated(denied: Denied) -> Problem {
    let challenge = match denied {
        Denied::NoKeys(error) => {
            let wait_s = error.retry_after_s;
            return Problem::unavailable(error).retry_after(wait_s);
        }
        Denied::Missing => "Bearer",
        Denied::Invalid(_) => "Bearer error=\"invalid_token\"",
    };
    Problem::new(Code::Unauthenticated).detail(denied.to_string()).header("www-authenticate", challenge)
}

/// Outside production a test may ask for any refusal that the operation declares (details.md, Commands).
fn forced(kit: &Kit, operation: &Operation, http: &HttpRequest) -> Result<(), Problem> {
    if !kit.http.allow_test_scenarios {
        return Ok(());
    }
    let wanted = header(http, "x-test-scenario").and_then(Code::parse);
    match wanted.filter(|code| operation.about.refusals.contains(code)) {
        Some(code) => Err(Problem::new(code).detail("Forced by X-Test-Scenario.")),
        None => Ok(()),
    }
}

fn acceptable(operation: &Operation, http: &HttpRequest) -> Result<(), Problem> {
    let Some(accept) = header(http, "accept") else { return Ok(()) };
    let answers = &operation.about.answers;
    let json = answers.iter().any(|answer| answer.schema.is_some()) && weight(accept, "application/json") > 0;
    let html = answers.iter().any(|answer| answer.html) && weight(accept, "text/html") > 0;
    let nothing = answers.iter().all(|answer| answer.schema.is_none() && !answer.html);
    if json || html || nothing { Ok(()) } else { Err(Problem::new(Code::NotAcceptable)) }
}

fn no_parameters(query: &str) -> Problem {
    let name: String = query.split(['=', '&']).next().unwrap_or_default().chars().take(100).collect();
    let entry = FieldError::parameter(name, "unknown", "This operation takes no parameters in the query.");
    Problem::new(Code::InvalidField).errors(vec![entry])
}

fn media_type(kind: BodyKind, http: &HttpRequest) -> Result<(), Problem> {
    let coding = header(http, "content-encoding").map_or("identity", str::trim);
    if !coding.is_empty() && !coding.eq_ignore_ascii_case("identity") {
        let detail = "Bodies are taken as they are, without a Content-Encoding.";
        let problem = Problem::new(Code::UnsupportedMediaType).detail(detail);
        return Err(problem.header("accept-encoding", "identity"));
    }
    let given = header(http, "content-type").unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if kind.media_types().iter().any(|own| own.eq_ignore_ascii_case(essence)) {
        return Ok(());
    }
    let detail = format!("This operation takes {}.", kind.media_types().join(" or "));
    Err(Problem::new(Code::UnsupportedMediaType).detail(detail))
}

/// The body, no longer and no slower than allowed.
async fn read_body(
    kit: &Kit,
    own: Option<usize>,
    http: &HttpRequest,
    payload: Payload,
) -> Result<Bytes, Problem> {
    let limit = own.unwrap_or(kit.http.body_limit_bytes);
    let announced = header(http, "content-length").and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let longest = Duration::from_millis(kit.http.body_timeout_ms);
    match tokio::time::timeout(longest, collect(payload, limit)).await {
        Ok(body) => body,
        Err(_) => Err(Problem::new(Code::RequestTimeout)),
    }
}

async fn collect(mut payload: Payload, limit: usize) -> Result<Bytes, Problem> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Code::MalformedJson).detail("The body broke off."))?;
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(too_large(limit));
        }
        if body.is_empty() {
            body = chunk.into();
        } else {
            body.extend_from_slice(&chunk);
        }
    }
    Ok(body.freeze())
}

fn too_large(limit: usize) -> Problem {
    Problem::new(Code::BodyTooLarge).detail(format!("At most {limit} bytes."))
}

/// Runs the handler on the main runtime, where it ends whatever becomes of this connection.
async fn run(
    kit: &Kit,
    operation: &Operation,
    request: Request,
    arrival: &Arrival,
) -> Result<Answer, Problem> {
    if kit.in_work.len() >= kit.http.max_in_flight {
        return Err(Problem::new(Code::Overloaded).retry_after(1));
    }
    let work = arrival.trace.scope((operation.run)(request)).instrument(arrival.span.clone());
    let work = kit.in_work.spawn_on(work, &kit.runtime);
    match tokio::time::timeout(Duration::from_millis(kit.http.handler_timeout_ms), work).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panicked)) => Err(Problem::internal(panicked)),
        Err(late) => Err(Problem::unavailable(late)),
    }
}
