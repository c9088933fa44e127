//! A successful answer.

use actix_web::http::header::{ETAG, HeaderName, HeaderValue, LOCATION};
use bytes::Bytes;
use serde::Serialize;

use super::Problem;
use crate::causes::BoxError;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// What a handler answers with: status, body, headers.
#[derive(Debug)]
pub struct Answer(Result<Rendered, BoxError>);

/// An answer that can be sent.
#[derive(Debug)]
pub(crate) struct Rendered {
    pub(crate) status: u16,
    pub(crate) body: Option<Body>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

/// Bytes and what they are.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) kind: HeaderValue,
    pub(crate) bytes: Bytes,
}

impl Answer {
    /// JSON of `value`. If it cannot be written the caller gets 500 and the log the reason.
    #[must_use]
    pub fn json<T: Serialize + ?Sized>(status: u16, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => Self::of(status, JSON, bytes.into()),
            Err(error) => Self(Err(error.into())),
        }
    }

    /// JSON that was written before: a replay.
    #[must_use]
    pub fn raw_json(status: u16, bytes: impl Into<Bytes>) -> Self {
        Self::of(status, JSON, bytes.into())
    }

    /// A page.
    #[must_use]
    pub fn html(status: u16, page: String) -> Self {
        Self::of(status, HTML, page.into())
    }

    /// No body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self(Ok(Rendered { status, body: None, headers: Vec::new() }))
    }

    fn of(status: u16, kind: HeaderValue, bytes: Bytes) -> Self {
        Self(Ok(Rendered { status, body: Some(Body { kind, bytes }), headers: Vec::new() }))
    }

    /// The entity tag: the version in quotes.
    #[must_use]
    pub fn etag(self, version: i64) -> Self {
        self.with(ETAG, format!("\"{version}\""))
    }

    /// Where the created resource is.
    #[must_use]
    pub fn location(self, path: impl Into<String>) -> Self {
        self.with(LOCATION, path.into())
    }

    /// Marks a stored answer (`Idempotency-Replayed: true`).
    #[must_use]
    pub fn replayed(self) -> Self {
        self.header("idempotency-replayed", "true")
    }

    /// One more header; `name` in lower case.
    #[must_use]
    pub fn header(self, name: &'static str, value: impl Into<String>) -> Self {
        self.with(HeaderName::from_static(name), value.into())
    }

    fn with(mut self, name: HeaderName, value: String) -> Self {
        if let Ok(rendered) = &mut self.0 {
            match HeaderValue::try_from(value) {
                Ok(value) => rendered.headers.push((name, value)),
                Err(error) => self.0 = Err(error.into()),
            }
        }
        self
    }

    /// The body as it will be sent (none if there is none), for keeping it with its transaction.
    pub fn body(&self) -> Option<&Bytes> {
        self.0.as_ref().ok().and_then(|rendered| rendered.body.as_ref()).map(|body| &body.bytes)
    }

    pub(crate) fn render(self) -> Result<Rendered, Problem> {
        self.0.map_err(Problem::internal)
    }
}
