//! The settings; every key is explained in `config.default.toml`.

use std::path::PathBuf;

use platform::settings::{ABOVE_ZERO, KitSettings, Secret, ServiceSettings, SettingProblem, unmet};
use serde::Deserialize;

use crate::domain::webhook::WebhookSecret;

/// Everything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// HTTP, tokens, limits, telemetry.
    pub kit: KitSettings,
    /// Where the journal lies.
    pub data: DataSettings,
    /// The links to the checkout page.
    pub checkout: CheckoutSettings,
    /// The merchant's access.
    pub api: ApiSettings,
    /// Calls to the merchant.
    pub callbacks: CallbackSettings,
    /// What runs on its own.
    pub jobs: JobSettings,
    /// Things for developing and testing.
    pub development: DevelopmentSettings,
}

/// `[data]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct DataSettings {
    pub folder: PathBuf,
    pub lock_wait_ms: u64,
}

/// `[checkout]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct CheckoutSettings {
    pub secret: Secret,
}

/// `[api]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct ApiSettings {
    pub key: Secret,
}

/// `[callbacks]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct CallbackSettings {
    pub url: String,
    pub secret: WebhookSecret,
    pub timeout_ms: u64,
    pub poll_ms: u64,
    pub most_at_once: usize,
    pub first_wait_ms: u64,
    pub most_wait_ms: u64,
    pub most_attempts: u32,
}

/// `[jobs]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct JobSettings {
    pub clockwork_ms: u64,
}

/// `[development]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct DevelopmentSettings {
    pub clock: bool,
}

impl ServiceSettings for Settings {
    fn kit(&self) -> &KitSettings {
        &self.kit
    }

    fn problems(&self) -> Vec<SettingProblem> {
        let calls = &self.callbacks;
        let is_url =
            reqwest::Url::parse(&calls.url).is_ok_and(|url| url.scheme() == "http" && url.has_host());
        let mut found = unmet([
            ("checkout.secret", self.checkout.secret.expose().len() >= 16, "must have at least 16 bytes"),
            ("api.key", self.api.key.expose().len() >= 8, "must have at least 8 characters"),
            ("callbacks.url", is_url, "must be an http:// URL: this build calls without TLS"),
            ("callbacks.timeout_ms", calls.timeout_ms > 0, ABOVE_ZERO),
            ("callbacks.poll_ms", calls.poll_ms > 0, ABOVE_ZERO),
            ("callbacks.most_at_once", calls.most_at_once > 0, ABOVE_ZERO),
            ("callbacks.first_wait_ms", calls.first_wait_ms > 0, ABOVE_ZERO),
            (
                "callbacks.most_wait_ms",
                calls.most_wait_ms >= calls.first_wait_ms,
                "must not be below callbacks.first_wait_ms",
            ),
            ("callbacks.most_attempts", calls.most_attempts > 0, ABOVE_ZERO),
            ("jobs.clockwork_ms", self.jobs.clockwork_ms > 0, ABOVE_ZERO),
        ]);
        found.extend(self.kit.refuse_in_deployment("development.clock", self.development.clock));
        found
    }
}
