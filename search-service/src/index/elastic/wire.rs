//! Requests to Elasticsearch and back: bounded in time, with failures sorted into "later" and "never".

use std::time::Duration;

use elasticsearch::{
    Elasticsearch,
    auth::Credentials,
    http::{
        Method, Url,
        headers::{CONTENT_TYPE, HeaderMap, HeaderValue},
        response::Response,
        transport::{MultiNodeConnectionPool, TransportBuilder},
    },
};
use platform::settings::Secret;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::index::{IndexError, Stored};

/// How much of a refusal is kept for the log, in characters.
const KEPT: usize = 500;

/// Where Elasticsearch is and how long we wait for it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElasticSettings {
    /// Base URLs of its nodes, separated by commas; asked in turn.
    pub urls: String,
    /// A user with rights on our indices; empty for none.
    pub username: String,
    /// The user's password.
    pub password: Secret,
    /// The longest wait for an answer to one request, in milliseconds.
    pub timeout_ms: u64,
}

/// A client of Elasticsearch. It connects when it is used: a server that is down stops nobody from starting.
#[derive(Debug)]
pub struct Wire {
    client: Elasticsearch,
}

impl Wire {
    /// A client of these nodes.
    pub fn new(settings: &ElasticSettings) -> Result<Self, IndexError> {
        let urls = settings.urls.split(',').map(|url| Url::parse(url.trim()));
        let urls: Vec<Url> = urls.collect::<Result<_, _>>().map_err(|error| refused(&error))?;
        if urls.is_empty() {
            return Err(IndexError::Refused("no URL of Elasticsearch is set".to_owned()));
        }
        let mut builder = TransportBuilder::new(MultiNodeConnectionPool::round_robin(urls, None))
            .timeout(Duration::from_millis(settings.timeout_ms))
            .disable_proxy()
            .enable_meta_header(false);
        if !settings.username.is_empty() {
            let user = Credentials::Basic(settings.username.clone(), settings.password.expose().to_owned());
            builder = builder.auth(user);
        }
        let transport = builder.build().map_err(|error| refused(&error))?;
        Ok(Self { client: Elasticsearch::new(transport) })
    }

    /// Sends a request and reads a successful answer.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Result<T, IndexError> {
        let response = self.send(method, path, body).await?;
        let status = response.status_code().as_u16();
        let text = response.bytes().await.map_err(|error| IndexError::Unavailable(error.into()))?;
        match status {
            200..=299 => serde_json::from_slice(&text).map_err(|error| refused(&error)),
            _ => Err(sort(status, &String::from_utf8_lossy(&text))),
        }
    }

    /// Writes one document under a guard.
    pub(super) async fn put_guarded(&self, path: &str, body: String) -> Result<Stored, IndexError> {
        let response = self.send(Method::Put, path, Some(body)).await?;
        let status = response.status_code().as_u16();
        stored(status, &response.text().await.unwrap_or_default())
    }

    /// Whether something of this path is there.
    pub(super) async fn exists(&self, path: &str) -> Result<bool, IndexError> {
        let response = self.send(Method::Head, path, None).await?;
        match response.status_code().as_u16() {
            200..=299 => Ok(true),
            404 => Ok(false),
            status => Err(sort(status, "")),
        }
    }

    /// Makes an index; no matter if somebody else was first.
    pub(super) async fn create_index(&self, index: &str, body: &Value) -> Result<(), IndexError> {
        let path = format!("/{index}");
        match self.ask::<Value>(Method::Put, &path, Some(body.to_string())).await {
            Ok(_) => Ok(()),
            Err(IndexError::Refused(says)) if says.contains("resource_already_exists_exception") => {
                tracing::debug!(index, "somebody else made the index first");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<String>) -> Result<Response, IndexError> {
        let mut headers = HeaderMap::new();
        if path.contains("/_bulk") {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        }
        let sent = self.client.send(method, path, headers, None::<&()>, body, None).await;
        sent.map_err(|error| IndexError::Unavailable(error.into()))
    }
}

/// What the answer to a guarded write of one document means. 400 is about the document itself.
pub(super) fn stored(status: u16, says: &str) -> Result<Stored, IndexError> {
    match status {
        200..=299 => Ok(Stored::Written),
        409 => Ok(Stored::Conflict),
        400 if !is_outdated(says) => Ok(Stored::Refused(shortened(says))),
        _ => Err(sort(status, says)),
    }
}

/// What a status other than success means. 404 is an alias or index that is not there yet: `migrate` makes it.
fn sort(status: u16, says: &str) -> IndexError {
    let says = shortened(says);
    match status {
        404 | 408 | 429 | 500..=599 => IndexError::Unavailable(format!("status {status}: {says}").into()),
        _ if is_outdated(&says) => IndexError::Outdated(says),
        _ => IndexError::Refused(format!("status {status}: {says}")),
    }
}

/// Whether a strict mapping met a field that it does not know: all documents of this program have it.
fn is_outdated(says: &str) -> bool {
    says.contains("strict_dynamic_mapping_exception")
}

fn shortened(says: &str) -> String {
    says.chars().take(KEPT).collect()
}

fn refused(error: &dyn std::error::Error) -> IndexError {
    IndexError::Refused(error.to_string())
}
