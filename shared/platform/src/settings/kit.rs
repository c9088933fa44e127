//! The settings that every service has.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Deserializer};

use super::SettingProblem;

/// `[kit]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KitSettings {
    /// The HTTP server.
    pub http: HttpSettings,
    /// Rate limits.
    pub rate: RateSettings,
    /// Tokens.
    pub auth: AuthSettings,
    /// Logs and traces.
    pub telemetry: TelemetrySettings,
}

/// `[kit.http]`; each key is explained in `kit.default.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct HttpSettings {
    pub listen: SocketAddr,
    pub workers: u16,
    pub max_connections: u32,
    pub keep_alive_seconds: u64,
    pub header_timeout_ms: u64,
    pub body_timeout_ms: u64,
    pub handler_timeout_ms: u64,
    pub body_limit_bytes: usize,
    pub max_in_flight: usize,
    pub drain_seconds: u64,
    pub docs_base: String,
    pub cors_origins: Vec<String>,
    pub gateway_addresses: Vec<IpAddr>,
    pub allow_test_scenarios: bool,
    pub swagger_ui: bool,
}

/// `[kit.rate]`; each key is explained in `kit.default.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct RateSettings {
    pub public_per_second: u32,
    pub public_burst: u32,
    pub caller_per_second: u32,
    pub caller_burst: u32,
}

/// `[kit.auth]`; each key is explained in `kit.default.toml`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct AuthSettings {
    pub issuer: String,
    pub audience: String,
    #[serde(deserialize_with = "empty_is_none")]
    pub jwks_url: Option<String>,
    pub jwks_refresh_seconds: u64,
    #[serde(deserialize_with = "empty_is_none")]
    pub development_key: Option<String>,
    pub clock_skew_seconds: u64,
}

/// `[kit.telemetry]`; each key is explained in `kit.default.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct TelemetrySettings {
    pub log: String,
    pub log_format: LogFormat,
    pub access_log: bool,
    #[serde(deserialize_with = "empty_is_none")]
    pub otlp_endpoint: Option<String>,
    pub trace_share: f64,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

/// A setting that may be left empty: `""` is `None`.
pub fn empty_is_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// Whether it is an absolute URL that our client calls; `http` is for an issuer inside the cluster.
fn is_http_url(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}

/// Without the key.
impl std::fmt::Debug for AuthSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthSettings")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("jwks_url", &self.jwks_url)
            .finish_non_exhaustive()
    }
}

impl KitSettings {
    /// What contradicts itself; `needs_tokens` if any operation is not public.
    pub(crate) fn check(&self, needs_tokens: bool) -> Vec<SettingProblem> {
        let mut found = self.auth.check(needs_tokens);
        let http = &self.http;
        let positive = [
            ("http.max_connections", http.max_connections != 0),
            ("http.body_timeout_ms", http.body_timeout_ms != 0),
            ("http.handler_timeout_ms", http.handler_timeout_ms != 0),
            ("http.max_in_flight", http.max_in_flight != 0),
            ("rate.public_per_second", self.rate.public_per_second != 0),
            ("rate.public_burst", self.rate.public_burst != 0),
            ("rate.caller_per_second", self.rate.caller_per_second != 0),
            ("rate.caller_burst", self.rate.caller_burst != 0),
        ];
        for (key, is_positive) in positive {
            if !is_positive {
                found.push(SettingProblem::new(format!("kit.{key}"), "must be above 0"));
            }
        }
        if http.header_timeout_ms < 1000 {
            let says = "must be at least 1000: the server's own clock ticks every 500 ms";
            found.push(SettingProblem::new("kit.http.header_timeout_ms", says));
        }
        if !(0.0..=1.0).contains(&self.telemetry.trace_share) {
            found.push(SettingProblem::new("kit.telemetry.trace_share", "must be from 0 to 1"));
        }
        if http.drain_seconds.saturating_mul(1000) < http.handler_timeout_ms {
            let says = "must not be shorter than kit.http.handler_timeout_ms, else a drain cuts requests off";
            found.push(SettingProblem::new("kit.http.drain_seconds", says));
        }
        found
    }
}

impl AuthSettings {
    /// A shorter HMAC key can be searched (RFC 7518, 3.2).
    const SHORTEST_KEY: usize = 32;

    fn check(&self, needs_tokens: bool) -> Vec<SettingProblem> {
        let mut found = Vec::new();
        match (&self.jwks_url, &self.development_key) {
            (Some(_), Some(_)) => {
                found.push(SettingProblem::new(
                    "kit.auth.development_key",
                    "must be empty when kit.auth.jwks_url is set",
                ));
            }
            (None, None) if needs_tokens => {
                found.push(SettingProblem::new("kit.auth.jwks_url", "set this, or kit.auth.development_key"));
            }
            (None, Some(key)) if key.len() < Self::SHORTEST_KEY => {
                found.push(SettingProblem::new("kit.auth.development_key", "must have at least 32 bytes"));
            }
            (Some(url), None) if !is_http_url(url) => {
                found.push(SettingProblem::new("kit.auth.jwks_url", "must be an https:// or http:// URL"));
            }
            (Some(_) | None, None) | (None, Some(_)) => {}
        }
        if self.issuer.is_empty() || self.audience.is_empty() {
            found.push(SettingProblem::new("kit.auth.issuer", "issuer and audience must not be empty"));
        }
        found
    }
}
