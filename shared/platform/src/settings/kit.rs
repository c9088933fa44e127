//! The settings that every service has.

use std::{collections::BTreeMap, net::SocketAddr};

use serde::{Deserialize, Deserializer};

use super::{ABOVE_ZERO, Network, Secret, SettingProblem, unmet};

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
    /// The law of time zones.
    pub time_zones: TimeZoneSettings,
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
    pub gateway_addresses: Vec<Network>,
    pub gateway_hops: u8,
    pub forwarded_header: ForwardedHeader,
    pub allow_test_scenarios: bool,
    pub swagger_ui: bool,
    pub public_max_age_seconds: u64,
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
    pub check_per_second: u32,
    pub check_burst: u32,
    pub roles: RoleLimitSettings,
    /// An empty table of the defaults is no key.
    #[serde(default)]
    pub callers: BTreeMap<String, LimitSettings>,
}

/// `[kit.rate.roles]`: a role that is not named has the caller's limit.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "roles, as in tokens")]
pub struct RoleLimitSettings {
    pub traveller: Option<LimitSettings>,
    pub manager: Option<LimitSettings>,
    pub operator: Option<LimitSettings>,
    pub channel: Option<LimitSettings>,
}

/// A token bucket.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// Tokens that come in each second.
    pub per_second: u32,
    /// Tokens that it holds.
    pub burst: u32,
}

/// The header in which proxies write whom they call for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// `[kit.auth]`; each key is explained in `kit.default.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct AuthSettings {
    pub issuer: String,
    pub audience: String,
    #[serde(deserialize_with = "empty_is_none")]
    pub jwks_url: Option<String>,
    pub jwks_refresh_seconds: u64,
    #[serde(deserialize_with = "empty_is_none")]
    pub development_key: Option<Secret>,
    pub clock_skew_seconds: u64,
    pub roles_claim: String,
    pub account_claim: String,
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
    pub trust_traceparent: bool,
}

/// `[kit.time_zones]`; each key is explained in `kit.default.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct TimeZoneSettings {
    #[serde(deserialize_with = "empty_is_none")]
    pub folder: Option<String>,
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
pub fn empty_is_none<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: From<String>,
{
    String::deserialize(deserializer).map(|text| Some(text).filter(|text| !text.is_empty()).map(T::from))
}

/// Whether it is an absolute URL that our client calls; `http` is for an issuer inside the cluster.
fn is_http_url(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}

impl KitSettings {
    /// What contradicts itself; `needs_tokens` if any operation is not public.
    pub(crate) fn check(&self, needs_tokens: bool) -> Vec<SettingProblem> {
        let http = &self.http;
        let drains = http.drain_seconds.saturating_mul(1000) >= http.handler_timeout_ms;
        let mut found = self.auth.check(needs_tokens);
        found.extend(self.rate.check());
        found.extend(self.development_switches());
        found.extend(unmet([
            ("kit.http.max_connections", http.max_connections > 0, ABOVE_ZERO),
            ("kit.http.body_timeout_ms", http.body_timeout_ms > 0, ABOVE_ZERO),
            ("kit.http.handler_timeout_ms", http.handler_timeout_ms > 0, ABOVE_ZERO),
            ("kit.http.max_in_flight", http.max_in_flight > 0, ABOVE_ZERO),
            ("kit.http.gateway_hops", http.gateway_hops > 0, ABOVE_ZERO),
            (
                "kit.http.header_timeout_ms",
                http.header_timeout_ms >= 1000,
                "must be at least 1000: the server's own clock ticks every 500 ms",
            ),
            (
                "kit.telemetry.trace_share",
                (0.0..=1.0).contains(&self.telemetry.trace_share),
                "must be from 0 to 1",
            ),
            (
                "kit.http.drain_seconds",
                drains,
                "must not be shorter than kit.http.handler_timeout_ms, else a drain cuts requests off",
            ),
        ]));
        found
    }
}

/// What only a machine without an issuer may switch on.
impl KitSettings {
    /// The complaint about a switch for development that is on although tokens come from an issuer, which means a
    /// deployment; `key` is the switch's whole name.
    pub fn refuse_in_deployment(&self, key: &str, is_on: bool) -> Option<SettingProblem> {
        let says = "is for development and must be off where kit.auth.jwks_url is set";
        (is_on && self.auth.jwks_url.is_some()).then(|| SettingProblem::new(key.to_owned(), says))
    }

    fn development_switches(&self) -> impl Iterator<Item = SettingProblem> {
        let any_origin = self.http.cors_origins.iter().any(|origin| origin == "*");
        let scenarios = self.http.allow_test_scenarios;
        [("kit.http.allow_test_scenarios", scenarios), ("kit.http.cors_origins", any_origin)]
            .into_iter()
            .filter_map(|(key, is_on)| self.refuse_in_deployment(key, is_on))
    }
}

impl RateSettings {
    fn check(&self) -> Vec<SettingProblem> {
        let RoleLimitSettings { traveller, manager, operator, channel } = self.roles;
        let roles =
            [("traveller", traveller), ("manager", manager), ("operator", operator), ("channel", channel)];
        let roles = roles.into_iter().filter_map(|(role, limit)| Some((format!("roles.{role}."), limit?)));
        let callers = self.callers.iter().map(|(name, limit)| (format!("callers.{name}."), *limit));
        let limit = |per_second, burst| LimitSettings { per_second, burst };
        let own = [
            ("public_".to_owned(), limit(self.public_per_second, self.public_burst)),
            ("caller_".to_owned(), limit(self.caller_per_second, self.caller_burst)),
            ("check_".to_owned(), limit(self.check_per_second, self.check_burst)),
        ];
        let numbers = own.into_iter().chain(roles).chain(callers).flat_map(|(name, limit)| {
            [(format!("{name}per_second"), limit.per_second), (format!("{name}burst"), limit.burst)]
        });
        let empty = numbers.filter(|(_, number)| *number == 0);
        empty.map(|(key, _)| SettingProblem::new(format!("kit.rate.{key}"), "must be above 0")).collect()
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
            (None, Some(key)) if key.expose().len() < Self::SHORTEST_KEY => {
                found.push(SettingProblem::new("kit.auth.development_key", "must have at least 32 bytes"));
            }
            (Some(url), None) if !is_http_url(url) => {
                found.push(SettingProblem::new("kit.auth.jwks_url", "must be an https:// or http:// URL"));
            }
            (Some(_) | None, None) | (None, Some(_)) => {}
        }
        for (key, name) in [("roles_claim", &self.roles_claim), ("account_claim", &self.account_claim)] {
            if name.is_empty() {
                found.push(SettingProblem::new(format!("kit.auth.{key}"), "must not be empty"));
            }
        }
        if self.issuer.is_empty() || self.audience.is_empty() {
            found.push(SettingProblem::new("kit.auth.issuer", "issuer and audience must not be empty"));
        }
        found
    }
}
