//! One call and its answer, with everything that a failed expectation wants to show.

use reqwest::{Method, header::HeaderMap};
use serde_json::Value;

use crate::{
    failed::{Failed, expect},
    people::Person,
    world::World,
};

/// A call through the gateway, unless the path is a whole address.
#[derive(Debug)]
pub struct Call<'a> {
    world: &'a World,
    method: Method,
    url: String,
    builder: reqwest::RequestBuilder,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    said: String,
    /// The status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
    /// The body as JSON; null if it is none.
    pub json: Value,
}

impl World {
    /// A call by any method.
    pub fn call(&self, method: Method, path: &str) -> Call<'_> {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.endpoints.gateway)
        };
        Call { world: self, builder: self.client.request(method.clone(), &url), method, url }
    }

    /// A GET.
    pub fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    /// A POST.
    pub fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path)
    }
}

impl Call<'_> {
    /// As this person.
    #[must_use]
    pub fn by(self, person: &Person) -> Self {
        self.token(&person.token)
    }

    /// With this token.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.builder = self.builder.bearer_auth(token);
        self
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    /// With an Idempotency-Key.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        self.header("Idempotency-Key", key)
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.builder = self.builder.json(body);
        self
    }

    /// With a form.
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        self.builder = self.builder.form(fields);
        self
    }

    /// Sends it, whatever comes back.
    pub async fn send(self) -> Result<Answer, Failed> {
        let shown = format!("{} {}", self.method, self.url.replace(&self.world.endpoints.gateway, ""));
        let answer = self.builder.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await?;
        let json = serde_json::from_str(&text).unwrap_or_default();
        Ok(Answer { said: shown, status, headers, text, json })
    }

    /// Sends it and expects that status.
    pub async fn expect(self, status: u16) -> Result<Answer, Failed> {
        let answer = self.send().await?;
        expect(answer.status == status, || format!("{status} expected: {}", answer.describe()))?;
        Ok(answer)
    }
}

impl Answer {
    /// The answer as a failed expectation shows it.
    pub fn describe(&self) -> String {
        let start: String = self.text.chars().take(600).collect();
        format!("{} answered {} {start}", self.said, self.status)
    }

    /// The text at a JSON pointer.
    pub fn text_at(&self, pointer: &str) -> Result<String, Failed> {
        let found = self.json.pointer(pointer).and_then(Value::as_str);
        found
            .map(str::to_owned)
            .ok_or_else(|| Failed::new(format!("no text at {pointer}: {}", self.describe())))
    }

    /// The number at a JSON pointer.
    pub fn number_at(&self, pointer: &str) -> Result<i64, Failed> {
        let found = self.json.pointer(pointer).and_then(Value::as_i64);
        found.ok_or_else(|| Failed::new(format!("no number at {pointer}: {}", self.describe())))
    }

    /// The items of a page.
    pub fn items(&self) -> Vec<Value> {
        self.json.get("items").and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The text at a pointer of a value, empty if there is none.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
