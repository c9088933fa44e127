//! The settings of this service; every key is explained in `config.default.toml`.

use std::collections::BTreeMap;

use booking_core::{CheckoutLinks, CheckoutSettingError, HoldRules, LatePaymentRule, Rules, shard::Bounds};
use chrono::TimeDelta;
use domain::CountryCode;
use events::{consumer::ConsumerSettings, kafka::KafkaSettings, relay::RelaySettings};
use platform::{
    mysql::MySqlSettings,
    redis::RedisSettings,
    settings::{KitSettings, Secret, ServiceSettings, SettingProblem},
};
use records::archive::cassandra::CassandraSettings;
use serde::Deserialize;

use crate::{
    bookings::hints::HoldHints,
    domain::keyring::{self, Keyring},
    shards::shards_of_this_machine,
};

mod check;

/// Everything.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// HTTP, tokens, limits, telemetry.
    pub kit: KitSettings,
    /// The booking database.
    pub mysql: MySqlSettings,
    /// Redis, which makes the end of holds prompt.
    pub redis: RedisSettings,
    pub kafka: KafkaSettings,
    /// The outbox's relay.
    pub relay: RelaySettings,
    /// The reader of `hotel.events`.
    pub stock_consumer: ConsumerSettings,
    /// The archive, where purged bookings are.
    pub cassandra: CassandraSettings,
    /// Names in Kafka.
    pub events: EventSettings,
    /// Users that `migrate` makes for the services that read this database.
    pub database_users: DatabaseUsers,
    /// Shards and batches.
    pub core: CoreSettings,
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
    /// Repeats of requests.
    pub idempotency: IdempotencySettings,
    /// Late money.
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
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct DatabaseUsers {
    pub mgmt_user: String,
    pub mgmt_password: Secret,
    pub archival_user: String,
    pub archival_password: Secret,
}

/// `[core]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct CoreSettings {
    pub shards: u8,
    pub lock_wait_s: u32,
    pub batch: usize,
    pub second_batch_from: usize,
    pub waiting: usize,
    pub waiting_upkeep: usize,
    pub waiting_ms: u64,
    pub connections_per_shard: u32,
    pub reads_per_hotel: usize,
    pub rooms_remembered: usize,
    pub nights_remembered: usize,
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
    pub open_per_channel: Option<u32>,
    pub lead_ms: u32,
    pub ask_ms: u32,
    pub hints: HoldHints,
}

/// `[checkout]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct CheckoutSettings {
    pub base_url: String,
    pub secret: Secret,
    pub ends_before_hold_seconds: u32,
    pub return_hosts: Vec<String>,
}

/// `[provider]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct ProviderSettings {
    pub url: String,
    pub api_key: Secret,
    pub timeout_ms: u64,
    pub max_calls: usize,
    pub latest_capture_hours: u32,
}

/// `[callbacks]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct CallbackSettings {
    pub secrets: Vec<keyring::Secret>,
    pub tolerance_seconds: u32,
}

/// `[idempotency]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct IdempotencySettings {
    pub waiting_per_key: usize,
}

/// `[payments]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct PaymentSettings {
    pub late_payment: LatePayments,
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
    pub connections: u32,
    pub shares_ms: u64,
    pub shares_lease_ms: u64,
    pub sweep_ms: u64,
    pub sweep_batch: usize,
    pub owed_ms: u64,
    pub owed_batch: u32,
    pub owed_first_wait_ms: u64,
    pub owed_most_wait_ms: u64,
    pub completion_ms: u64,
    pub completion_batch: usize,
    pub numbering_ms: u64,
    pub numbering_after_ms: u32,
    pub numbering_batch: u32,
    pub reconcile_ms: u64,
    pub reconcile_calls: usize,
    pub reconcile_pause_ms: u64,
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

impl ServiceSettings for Settings {
    fn kit(&self) -> &KitSettings {
        &self.kit
    }

    fn problems(&self) -> Vec<SettingProblem> {
        check::problems(self)
    }
}

impl Settings {
    /// What the booking core's rules depend on.
    pub fn rules(&self) -> Result<Rules, CheckoutSettingError> {
        Ok(Rules {
            hold: self.holds.rules(&self.checkout),
            late_payment: match self.payments.late_payment {
                LatePayments::Rebook => LatePaymentRule::Rebook,
                LatePayments::Refund => LatePaymentRule::Refund,
            },
            quote_valid: TimeDelta::minutes(i64::from(self.quotes.valid_minutes)),
            checkout: self.checkout.links()?,
        })
    }
}

impl Settings {
    /// How much each shard takes on. Why the other bounds are no settings says decision 0023.
    pub fn bounds(&self) -> Bounds {
        Bounds {
            works: self.core.batch,
            second_from: self.core.second_batch_from,
            money_waiting: self.core.waiting,
            book_waiting: self.core.waiting,
            upkeep_waiting: self.core.waiting_upkeep,
            age_ms: self.core.waiting_ms,
            followers: self.idempotency.waiting_per_key,
            rooms_remembered: self.core.rooms_remembered,
            nights_remembered: self.core.nights_remembered,
            ..Bounds::default()
        }
    }
}

impl CoreSettings {
    /// How many shards there are.
    pub fn shards(&self) -> u8 {
        if self.shards == 0 { shards_of_this_machine() } else { self.shards }
    }
}

impl CheckoutSettings {
    /// Signs the links.
    fn links(&self) -> Result<CheckoutLinks, CheckoutSettingError> {
        CheckoutLinks::new(&self.base_url, self.secret.expose().as_bytes())
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
