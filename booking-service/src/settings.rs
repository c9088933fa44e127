//! The settings of this service; every key is explained in `config.default.toml`.

use std::collections::BTreeMap;

use booking_core::{HoldRules, LatePaymentRule, Rules};
use chrono::TimeDelta;
use domain::CountryCode;
use events::{kafka::KafkaSettings, relay::RelaySettings};
use platform::{
    mysql::{MySqlSettings, RetrySettings},
    redis::RedisSettings,
    settings::{KitSettings, SettingProblem},
};
use records::archive::cassandra::CassandraSettings;
use serde::Deserialize;

use crate::domain::keyring::{Keyring, Secret};

mod check;

/// Everything.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// HTTP, tokens, limits, telemetry.
    pub kit: KitSettings,
    /// The booking database.
    pub mysql: MySqlSettings,
    /// How transactions are tried again.
    pub retry: RetrySettings,
    /// Redis, which makes the end of holds prompt.
    pub redis: RedisSettings,
    /// Kafka.
    pub kafka: KafkaSettings,
    /// The outbox's relay.
    pub relay: RelaySettings,
    /// The archive, where purged bookings are.
    pub cassandra: CassandraSettings,
    /// Names in Kafka.
    pub events: EventSettings,
    /// Users that `migrate` makes for the services that read this database.
    pub database_users: DatabaseUsers,
    /// Offers and quotes.
    pub quotes: QuoteSettings,
    /// Bookings and their holds.
    pub holds: HoldSettings,
    /// The checkout page.
    pub checkout: CheckoutSettings,
    /// The payment provider.
    pub provider: ProviderSettings,
    /// The provider's callbacks.
    pub callbacks: CallbackSettings,
    /// Late money and settling.
    pub payments: PaymentSettings,
    /// What runs on its own.
    pub jobs: JobSettings,
    /// How long book-keeping is kept.
    pub retention: RetentionSettings,
    /// Things that exist only while developing and testing.
    pub development: DevelopmentSettings,
}

/// `[events]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct EventSettings {
    pub prefix: String,
}

/// `[database_users]`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct DatabaseUsers {
    pub mgmt_user: String,
    pub mgmt_password: String,
    pub archival_user: String,
    pub archival_password: String,
}

/// `[quotes]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct QuoteSettings {
    pub valid_minutes: u32,
    pub keys: Keyring,
}

/// `[holds]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct HoldSettings {
    pub minutes: u32,
    pub minutes_by_country: BTreeMap<String, u32>,
    pub open_per_traveller: u32,
    pub open_per_channel: u32,
    pub lead_ms: u32,
    pub ask_ms: u32,
    pub lease_ms: u32,
}

/// `[checkout]`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct CheckoutSettings {
    pub base_url: String,
    pub secret: String,
    pub ends_before_hold_seconds: u32,
    pub return_hosts: Vec<String>,
}

/// `[provider]`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct ProviderSettings {
    pub url: String,
    pub api_key: String,
    pub timeout_ms: u64,
    pub max_calls: usize,
    pub latest_callback_hours: u32,
}

/// `[callbacks]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct CallbackSettings {
    pub secrets: Vec<Secret>,
    pub tolerance_seconds: u32,
}

/// `[payments]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct PaymentSettings {
    pub late_payment: LatePayments,
    pub settling_days: u32,
}

/// What is done with money that comes after a booking has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LatePayments {
    /// BOOKED after all if the rooms are still free, else the money goes back.
    Rebook,
    /// The money goes back.
    Refund,
}

/// `[jobs]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct JobSettings {
    pub sweep_ms: u64,
    pub sweep_batch: u32,
    pub owed_ms: u64,
    pub owed_batch: u32,
    pub owed_first_wait_ms: u64,
    pub owed_most_wait_ms: u64,
    pub completion_ms: u64,
    pub completion_batch: u32,
    pub numbering_ms: u64,
    pub numbering_batch: u32,
    pub reconcile_ms: u64,
    pub reconcile_batch: u32,
    pub night_tombstone_ms: u64,
    pub night_tombstone_batch: u32,
    pub gauges_ms: u64,
}

/// `[retention]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct RetentionSettings {
    pub every_ms: u64,
    pub chunk: u32,
    pub idempotency_keys_hours: u32,
    pub inbox_days: u32,
    pub payment_events_days: u32,
    pub past_nights_days: u32,
    pub booking_log_days: u32,
}

/// `[development]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct DevelopmentSettings {
    pub clock: bool,
}

impl Settings {
    /// What contradicts itself.
    pub fn check(&self) -> Vec<SettingProblem> {
        check::problems(self)
    }

    /// The numbers that the booking core's rules depend on.
    pub fn rules(&self) -> Rules {
        Rules {
            hold: self.holds.rules(&self.checkout),
            late_payment: match self.payments.late_payment {
                LatePayments::Rebook => LatePaymentRule::Rebook,
                LatePayments::Refund => LatePaymentRule::Refund,
            },
            quote_valid: TimeDelta::minutes(i64::from(self.quotes.valid_minutes)),
        }
    }
}

impl HoldSettings {
    fn rules(&self, checkout: &CheckoutSettings) -> HoldRules {
        let minutes = |minutes: u32| TimeDelta::minutes(i64::from(minutes));
        let by_country = self.minutes_by_country.iter();
        HoldRules {
            length: minutes(self.minutes),
            // Codes that are none were refused by `check`.
            by_country: by_country
                .filter_map(|(code, length)| Some((CountryCode::parse(code).ok()?, minutes(*length))))
                .collect(),
            checkout_margin: TimeDelta::seconds(i64::from(checkout.ends_before_hold_seconds)),
            ask_before: TimeDelta::milliseconds(i64::from(self.lead_ms)),
            ask_for: TimeDelta::milliseconds(i64::from(self.ask_ms)),
        }
    }
}

/// Without the passwords.
impl std::fmt::Debug for DatabaseUsers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseUsers").finish_non_exhaustive()
    }
}

/// Without the secret.
impl std::fmt::Debug for CheckoutSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CheckoutSettings").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// Without the API key.
impl std::fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderSettings").field("url", &self.url).finish_non_exhaustive()
    }
}
