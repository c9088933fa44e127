//! Black-box HTTP: one call, one reply with status, headers and JSON.

use std::{fmt, time::Duration};

use reqwest::{
    Client, Method, RequestBuilder, StatusCode,
    header::{HeaderMap, HeaderName},
    redirect::Policy,
};
use serde_json::Value;

use crate::unique::unique_word;

/// Longer than any answer of ours takes, also on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Calls one service.
#[derive(Debug, Clone)]
pub struct Http {
    base: String,
    client: Client,
    token: Option<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Http {
    /// Calls `base` (`http://127.0.0.1:1234`) without a token.
    pub fn at(base: impl Into<String>) -> Self {
        let client = Client::builder().timeout(PATIENCE).redirect(Policy::none()).build().expect("a client");
        Self { base: base.into().trim_end_matches('/').to_owned(), client, token: None }
    }

    /// The service that is called.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The same service, called with this bearer token.
    #[must_use]
    pub fn as_caller(&self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// Begins a call, for what the shorter ways below do not offer.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let builder = self.client.request(method, format!("{}{path}", self.base));
        let builder = match &self.token {
            Some(token) => builder.bearer_auth(token),
            None => builder,
        };
        Call { builder }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path).send().await
    }

    /// POST of JSON with a fresh Idempotency-Key.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.call(Method::POST, path).header("idempotency-key", &unique_word()).json(body).send().await
    }

    /// PUT of JSON.
    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        self.call(Method::PUT, path).json(body).send().await
    }

    /// PATCH of JSON (JSON Merge Patch) with `If-Match`.
    pub async fn patch(&self, path: &str, etag: &str, body: &Value) -> Reply {
        let call = self.call(Method::PATCH, path).header("if-match", etag).json(body);
        call.header("content-type", "application/merge-patch+json").send().await
    }

    /// DELETE with `If-Match`.
    pub async fn delete(&self, path: &str, etag: &str) -> Reply {
        self.call(Method::DELETE, path).header("if-match", etag).send().await
    }
}

/// A call in the making.
#[derive(Debug)]
pub struct Call {
    builder: RequestBuilder,
}

impl Call {
    /// With this header; it replaces one of the same name.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header's name");
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a header's value"));
        Self { builder: self.builder.headers(headers) }
    }

    /// With this JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        Self { builder: self.builder.json(body) }
    }

    /// With these bytes, whatever they are.
    #[must_use]
    pub fn bytes(self, body: impl Into<Vec<u8>>) -> Self {
        Self { builder: self.builder.body(body.into()) }
    }

    /// With this form.
    #[must_use]
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        Self { builder: self.builder.form(fields) }
    }

    /// Sends it; panics when nobody answers.
    pub async fn send(self) -> Reply {
        self.try_send().await.unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// Sends it, for tests in which nobody may answer.
    pub async fn try_send(self) -> Result<Reply, reqwest::Error> {
        let answer = self.builder.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await?.to_vec();
        Ok(Reply { status, headers, body })
    }
}

impl Reply {
    /// The body as JSON; panics with the body if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self}"))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The `ETag`; panics if there is none.
    pub fn etag(&self) -> String {
        self.header("etag").unwrap_or_else(|| panic!("no ETag in {self}")).to_owned()
    }

    /// Demands this status and gives the body (null when it is empty).
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self}");
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// Demands a problem with this status and code, in its media type and with a `Request-Id`; gives its body.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(body.get("code").and_then(Value::as_str), Some(code), "{self}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self}");
        assert!(self.header("request-id").is_some(), "{self}");
        body
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        write!(f, "{} {} {}", self.status, reason.unwrap_or_default(), self.text())
    }
}
