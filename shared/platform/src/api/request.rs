//! What a handler is given: owned, `Send`, and read by parsing only.

use std::{net::IpAddr, str::FromStr, sync::Arc};

use actix_web::http::header::HeaderMap;
use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::{Code, FieldError, Precondition, Problem, json, parameters};
use crate::auth::Caller;

/// An HTTP request after authentication and with its whole body.
#[derive(Debug)]
pub struct Request(Box<RequestParts>);

#[derive(Debug)]
pub(crate) struct RequestParts {
    pub(crate) operation_id: &'static str,
    pub(crate) path: String,
    pub(crate) params: Vec<(String, String)>,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) caller: Arc<Caller>,
    pub(crate) address: IpAddr,
    pub(crate) request_id: Arc<str>,
}

impl Request {
    pub(crate) fn new(parts: RequestParts) -> Self {
        Self(Box::new(parts))
    }

    /// A path parameter; one that does not parse names nothing: 404 `not_found`.
    pub fn path<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        let text = self.0.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        text.and_then(|text| text.parse().ok()).ok_or_else(Problem::not_found)
    }

    /// The query, strictly: an unknown, repeated or unreadable parameter is 422 naming it.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        parameters::parse(self.0.query.as_bytes(), parameters::Of::Query)
    }

    /// The body as a form (`application/x-www-form-urlencoded`), as strictly.
    pub fn form<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        parameters::parse(&self.0.body, parameters::Of::Form)
    }

    /// The body as JSON, strictly: 400 `malformed_json`, 422 `unknown_field` or `invalid_field` with a pointer.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        json::parse(&self.0.body)
    }

    /// The body's bytes.
    pub fn body_bytes(&self) -> &Bytes {
        &self.0.body
    }

    /// Who calls. On a public operation it is [`Caller::anonymous`], who has no role.
    pub fn caller(&self) -> &Caller {
        &self.0.caller
    }

    /// The operation's stable name, part of an idempotency scope.
    pub fn operation_id(&self) -> &'static str {
        self.0.operation_id
    }

    /// The path as it came, with its values.
    pub fn path_text(&self) -> &str {
        &self.0.path
    }

    /// The Idempotency-Key: 1 to 255 visible ASCII characters; 400 without one.
    pub fn idempotency_key(&self) -> Result<&str, Problem> {
        let refusal = |code, detail| {
            Problem::new(code).errors(vec![FieldError::header("Idempotency-Key", "required", detail)])
        };
        let missing = || refusal(Code::IdempotencyKeyMissing, "A key of your choice, such as a UUID.");
        let value = self.0.headers.get("idempotency-key").ok_or_else(missing)?;
        let text = value.to_str().unwrap_or_default();
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() && value.is_empty() {
            Err(missing())
        } else if visible && (1..=255).contains(&text.len()) {
            Ok(text)
        } else {
            Err(refusal(Code::MalformedHeader, "1 to 255 visible ASCII characters."))
        }
    }

    /// What `If-Match` demands; 428 `precondition_required` without it.
    pub fn if_match(&self) -> Result<Precondition, Problem> {
        self.optional_if_match()?.ok_or_else(|| Problem::new(Code::PreconditionRequired))
    }

    /// What `If-Match` demands, if it is there.
    pub fn optional_if_match(&self) -> Result<Option<Precondition>, Problem> {
        let lines: Vec<_> = self.0.headers.get_all("if-match").collect();
        if lines.is_empty() {
            return Ok(None);
        }
        let lines: Vec<_> = lines.into_iter().map(|line| line.to_str().unwrap_or_default()).collect();
        Precondition::parse(&lines.join(", ")).map(Some)
    }

    /// Whether `If-None-Match: *` demands that the resource is not there yet.
    pub fn if_none_match_any(&self) -> bool {
        self.header("if-none-match").is_some_and(|value| value.trim() == "*")
    }

    /// The id under which the log knows this request.
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// The address it came from (the gateway's word is taken for it only from the gateway).
    pub fn address(&self) -> IpAddr {
        self.0.address
    }

    /// Whether the caller would rather have this media type than JSON.
    pub fn accepts(&self, media_type: &str) -> bool {
        let Some(accept) = self.header("accept") else { return false };
        let wanted = weight(accept, media_type);
        wanted > 0 && wanted > weight(accept, "application/json")
    }

    /// A header's value, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The first language of `Accept-Language`, if there is one.
    pub fn language(&self) -> Option<&str> {
        first_language(self.header("accept-language")?)
    }
}

pub(crate) fn first_language(header: &str) -> Option<&str> {
    let first = header.split(',').next()?.split(';').next()?.trim();
    (!first.is_empty() && first != "*").then_some(first)
}

/// The weight in thousandths that `accept` gives a media type; the most specific range decides (RFC 9110, 12.5.1).
pub(crate) fn weight(accept: &str, media_type: &str) -> u16 {
    let family = media_type.split('/').next().unwrap_or_default();
    let mut best = (0, 0);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let precision = if name.eq_ignore_ascii_case(media_type) {
            3
        } else if name.strip_suffix("/*").is_some_and(|start| start.eq_ignore_ascii_case(family)) {
            2
        } else if name == "*/*" {
            1
        } else {
            continue;
        };
        if precision > best.0 {
            best = (precision, thousandths(parts.find_map(|part| part.strip_prefix("q=")).unwrap_or("1")));
        }
    }
    best.1
}

/// A quality value: `0` to `1` with at most three digits; anything else counts as 1.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole, digits.parse::<u16>()) {
        ("0", Ok(digits)) => digits,
        _ => 1000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_range_decides_what_is_accepted() {
        let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
        assert_eq!(weight(browser, "text/html"), 1000);
        assert_eq!(weight(browser, "application/json"), 800);
        assert_eq!(weight("application/json;q=0, */*", "application/json"), 0);
        assert_eq!(weight("image/png", "application/json"), 0);
    }

    #[test]
    fn the_first_language_is_taken() {
        assert_eq!(first_language("de-CH, de;q=0.9"), Some("de-CH"));
        assert_eq!(first_language("*"), None);
    }
}
