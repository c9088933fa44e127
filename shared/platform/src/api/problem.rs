//! RFC 9457 problem details: the one error body.

use std::{borrow::Cow, error::Error, fmt};

use chrono::NaiveDate;
use domain::{
    Faults, Money, RoomId,
    faults::{Fault, Field},
};
use serde::Serialize;
use utoipa::{ToSchema, openapi::Object};

use super::{Code, words::words};
use crate::{
    causes::{BoxError, causes},
    clock::ClockUnavailable,
};

/// One field, parameter or header that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// A JSON pointer into the body, as a URI fragment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "#/lines/0/quantity")]
    pointer: Option<String>,
    /// The name of a path or query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "start_date")]
    parameter: Option<String>,
    /// The name of a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Idempotency-Key")]
    header: Option<String>,
    /// What is wrong, as a stable word.
    #[schema(schema_with = field_words)]
    code: Cow<'static, str>,
    /// What is wrong, for a person.
    #[schema(value_type = String, example = "Between 1 and 9.")]
    detail: Cow<'static, str>,
}

impl FieldError {
    /// About a place in the body, such as `#/lines/0/quantity`.
    pub fn pointer(
        at: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { pointer: Some(at.into()), ..Self::of(code.into(), detail.into()) }
    }

    /// About a query or path parameter.
    pub fn parameter(
        name: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { parameter: Some(name.into()), ..Self::of(code.into(), detail.into()) }
    }

    /// About a header.
    pub fn header(
        name: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { header: Some(name.into()), ..Self::of(code.into(), detail.into()) }
    }

    fn of_fault(fault: &Fault) -> Self {
        let (code, detail) = (fault.invalid.code(), fault.invalid.says().to_owned());
        match &fault.field {
            Field::Pointer(at) => Self::pointer(at.as_str(), code, detail),
            Field::Parameter(name) => Self::parameter(name.as_str(), code, detail),
        }
    }

    fn of(code: Cow<'static, str>, detail: Cow<'static, str>) -> Self {
        Self { pointer: None, parameter: None, header: None, code, detail }
    }
}

/// Every word that an entry of `errors` may have as its `code`: PROBLEMS.md says when.
pub const FIELD_WORDS: &[&str] = &[
    "conflict",
    "contradiction",
    "empty",
    "forbidden_character",
    "immutable",
    "in_the_past",
    "invalid",
    "inverted",
    "invisible",
    "link",
    "malformed",
    "mismatch",
    "not_allowed",
    "not_applicable",
    "not_captured",
    "occupancy_exceeded",
    "other_currency",
    "out_of_range",
    "repeated",
    "required",
    "reused",
    "stop_sell",
    "too_large",
    "too_many",
    "unknown",
    "unknown_field",
    "withdrawn",
];

fn field_words() -> Object {
    words("What is wrong, as a stable word.", FIELD_WORDS.iter().copied())
}

/// A night without enough units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct UnavailableNight {
    /// The room.
    pub room_id: RoomId,
    /// The night.
    #[schema(value_type = String, format = Date, example = "2026-12-24")]
    pub date: NaiveDate,
    /// Units still to be had.
    pub available_quantity: u32,
}

/// What some codes say besides, for a client to go on with. The members stand in [`ProblemBody`] too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProblemMembers {
    /// `sold_out`: the nights without enough units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<Vec<UnavailableNight>>,
    /// `price_changed`: the total that was expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_total: Option<Money>,
    /// `price_changed`: the total now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_total: Option<Money>,
    /// `penalty_changed`: the penalty that was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_penalty: Option<Money>,
    /// `penalty_changed`: the penalty now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_penalty: Option<Money>,
}

/// The answer to a request that is refused or failed. The cause stays here and in the log, never in the answer.
pub struct Problem(Box<Parts>);

struct Parts {
    code: Code,
    detail: Option<Cow<'static, str>>,
    errors: Vec<FieldError>,
    members: ProblemMembers,
    retry_after_s: Option<u64>,
    headers: Vec<(&'static str, String)>,
    source: Option<BoxError>,
}

impl Problem {
    /// A problem with nothing said beyond its code.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self(Box::new(Parts {
            code,
            detail: None,
            errors: Vec::new(),
            members: ProblemMembers::default(),
            retry_after_s: None,
            headers: Vec::new(),
            source: None,
        }))
    }

    /// 503 `unavailable` with a `Retry-After` of a second: a store behind us does not answer.
    #[must_use]
    pub fn unavailable(source: impl Into<BoxError>) -> Self {
        Self::new(Code::Unavailable).retry_after(1).source(source)
    }

    /// 500 `internal`: a defect of ours.
    #[must_use]
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self::new(Code::Internal).source(source)
    }

    /// 404 `not_found`: absent or not the caller's, with the same body for both.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    /// What happened this time, for a person. No secrets: it is sent.
    #[must_use]
    pub fn detail(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(text.into());
        self
    }

    /// All fields, parameters or headers that are wrong.
    #[must_use]
    pub fn errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// All fields and parameters that are wrong.
    #[must_use]
    pub fn faults(self, faults: &Faults) -> Self {
        self.errors(faults.iter().map(FieldError::of_fault).collect())
    }

    /// What its code says besides.
    #[must_use]
    pub fn members(mut self, members: ProblemMembers) -> Self {
        self.0.members = members;
        self
    }

    /// Sets `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// One more header of the answer.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.headers.push((name, value.into()));
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The fields it names.
    pub fn field_errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        self.0.retry_after_s
    }

    pub(crate) fn headers(&self) -> &[(&'static str, String)] {
        &self.0.headers
    }

    /// The cause and its causes in one line, for the log.
    pub(crate) fn causes(&self) -> String {
        self.source_error().map(causes).unwrap_or_default()
    }

    fn source_error(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| {
            let source: &(dyn Error + 'static) = source;
            source
        })
    }

    pub(crate) fn to_json(&self, on: &Occasion<'_>) -> Vec<u8> {
        let code = self.0.code;
        let body = Written {
            kind: format!("{}/problems/{}", on.docs_base.trim_end_matches('/'), code.as_str()),
            title: code.title(),
            status: code.status(),
            code,
            detail: self.0.detail.as_deref().unwrap_or(code.title()),
            instance: on.path,
            request_id: on.request_id,
            retryable: code.is_retryable(),
            errors: &self.0.errors,
            members: &self.0.members,
        };
        serde_json::to_vec(&body).unwrap_or_else(|_| b"{\"code\":\"internal\",\"status\":500}".to_vec())
    }
}

/// 422 `invalid_field` with all of them.
impl From<Faults> for Problem {
    fn from(faults: Faults) -> Self {
        Self::new(Code::InvalidField).faults(&faults)
    }
}

impl From<ClockUnavailable> for Problem {
    fn from(error: ClockUnavailable) -> Self {
        Self::unavailable(error)
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("code", &self.0.code)
            .field("detail", &self.0.detail)
            .field("errors", &self.0.errors)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.detail.as_deref().unwrap_or(self.0.code.title()))
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source_error()
    }
}

/// Where and under which id a problem happened.
pub(crate) struct Occasion<'a> {
    pub(crate) docs_base: &'a str,
    pub(crate) path: &'a str,
    pub(crate) request_id: &'a str,
}

#[derive(Serialize)]
struct Written<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    code: Code,
    detail: &'a str,
    instance: &'a str,
    request_id: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "no_errors")]
    errors: &'a [FieldError],
    #[serde(flatten)]
    members: &'a ProblemMembers,
}

fn no_errors(errors: &[FieldError]) -> bool {
    errors.is_empty()
}

/// RFC 9457 problem details, `application/problem+json`. Some codes have members of their own.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "describes the body; `Written` is sent")]
pub struct ProblemBody {
    /// A page about this code.
    #[serde(rename = "type")]
    #[schema(format = "uri", example = "https://docs.vacancy.example/problems/sold_out")]
    kind: String,
    /// The same sentence for every occurrence of the code.
    #[schema(example = "Not enough rooms are left.")]
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 409)]
    status: u16,
    /// The stable code to branch on.
    #[schema(inline = false)]
    code: Code,
    /// What happened this time.
    #[schema(example = "1 left on 2026-12-24, 2 asked for.")]
    detail: String,
    /// The path of the request; left out where the gateway answers by itself.
    #[schema(required = false, example = "/v1/bookings")]
    instance: String,
    /// The id to quote to us.
    #[schema(example = "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70")]
    request_id: String,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// The fields, parameters or headers that are wrong (400, 422).
    #[schema(nullable = false)]
    errors: Option<Vec<FieldError>>,
    /// Only of `sold_out`: the nights without enough units.
    #[schema(nullable = false)]
    unavailable: Option<Vec<UnavailableNight>>,
    /// Only of `price_changed`: the total that was expected.
    #[schema(value_type = Money, required = false)]
    expected_total: Option<Money>,
    /// Only of `price_changed`: the total now.
    #[schema(value_type = Money, required = false)]
    current_total: Option<Money>,
    /// Only of `penalty_changed`: the penalty that was accepted.
    #[schema(value_type = Money, required = false)]
    accepted_penalty: Option<Money>,
    /// Only of `penalty_changed`: the penalty now.
    #[schema(value_type = Money, required = false)]
    current_penalty: Option<Money>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Map, Value};

    use super::*;

    fn names(value: &Value) -> BTreeSet<String> {
        value.as_object().unwrap_or(&Map::new()).keys().cloned().collect()
    }

    #[test]
    fn the_document_types_every_member_that_a_problem_can_have() {
        let schema = serde_json::to_value(<ProblemBody as utoipa::PartialSchema>::schema()).unwrap();
        let known = names(&schema["properties"]);
        let money = Money::zero(domain::Currency::parse("EUR").unwrap());
        let members = ProblemMembers {
            unavailable: Some(Vec::new()),
            expected_total: Some(money),
            current_total: Some(money),
            accepted_penalty: Some(money),
            current_penalty: Some(money),
        };
        let entry = FieldError::pointer("#/a", "required", "It is.");
        let problem = Problem::new(Code::SoldOut).errors(vec![entry]).members(members);
        let on = Occasion { docs_base: "https://docs.example", path: "/", request_id: "1" };
        let sent: Value = serde_json::from_slice(&problem.to_json(&on)).unwrap();
        assert_eq!(names(&sent), known);
    }
}
