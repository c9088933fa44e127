//! The settings of this service; `config.default.toml` says what each is for.

use events::{kafka::KafkaSettings, relay::RelaySettings};
use platform::{
    mysql::{MySqlSettings, RetrySettings},
    settings::{ABOVE_ZERO, KitSettings, ServiceSettings, SettingProblem, unmet},
};
use serde::Deserialize;

/// All settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What every service has.
    pub kit: KitSettings,
    /// The hotel database.
    pub mysql: MySqlSettings,
    /// How often a transaction that lost a deadlock is run again.
    pub mysql_retry: RetrySettings,
    /// The event log.
    pub kafka: KafkaSettings,
    /// How the outbox is published.
    pub relay: RelaySettings,
    /// What is published.
    pub events: EventSettings,
    /// New hotels.
    pub hotels: HotelSettings,
    /// Idempotency keys.
    pub idempotency: IdempotencySettings,
    pub audit: AuditSettings,
    /// The job that deletes what was kept long enough.
    pub retention: RetentionSettings,
}

/// `[events]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct EventSettings {
    pub topic: String,
    pub partitions: u32,
    pub publisher: String,
    pub most_bytes: usize,
}

/// `[hotels]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct HotelSettings {
    pub region: String,
    pub most_per_account: u32,
    pub most_rooms: u32,
}

/// `[idempotency]`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct IdempotencySettings {
    pub keep_seconds: u32,
}

/// `[audit]`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct AuditSettings {
    pub keep_days: u32,
}

/// `[retention]`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct RetentionSettings {
    pub every_seconds: u64,
    pub chunk: u32,
}

/// The longest name that fits `hotels.region`.
const LONGEST_REGION: usize = 16;
/// Longer names of topics are mistakes.
const LONGEST_TOPIC: usize = 64;
/// An event of a usual hotel has a few KiB; a limit below would refuse them all.
const LEAST_EVENT_BYTES: usize = 1024;

impl ServiceSettings for Settings {
    fn kit(&self) -> &KitSettings {
        &self.kit
    }

    fn problems(&self) -> Vec<SettingProblem> {
        let region = self.hotels.region.as_str();
        unmet([
            (
                "events.topic",
                (1..=LONGEST_TOPIC).contains(&self.events.topic.len()),
                "has 1 to 64 characters",
            ),
            ("events.partitions", self.events.partitions > 0, ABOVE_ZERO),
            ("events.publisher", !self.events.publisher.is_empty(), "must not be empty"),
            ("events.most_bytes", self.events.most_bytes >= LEAST_EVENT_BYTES, "must be at least 1024"),
            (
                "hotels.region",
                (1..=LONGEST_REGION).contains(&region.len()) && region.is_ascii(),
                "has 1 to 16 ASCII characters",
            ),
            ("hotels.most_per_account", self.hotels.most_per_account > 0, ABOVE_ZERO),
            ("hotels.most_rooms", self.hotels.most_rooms > 0, ABOVE_ZERO),
            ("idempotency.keep_seconds", self.idempotency.keep_seconds > 0, ABOVE_ZERO),
            ("audit.keep_days", self.audit.keep_days > 0, ABOVE_ZERO),
            ("retention.every_seconds", self.retention.every_seconds > 0, ABOVE_ZERO),
            ("retention.chunk", self.retention.chunk > 0, ABOVE_ZERO),
        ])
    }
}

#[cfg(test)]
mod tests {
    use platform::{app::App, settings::Loader};

    use super::*;
    use crate::HotelApp;

    #[test]
    fn the_defaults_are_complete_and_do_not_contradict_themselves() {
        let settings: Settings = Loader::new(HotelApp::DEFAULT_TOML).load().unwrap();
        assert_eq!(settings.problems(), []);
    }

    #[test]
    fn every_contradiction_is_named() {
        let loader = Loader::new(HotelApp::DEFAULT_TOML).set("hotels.region", "").set("retention.chunk", 0);
        let settings: Settings = loader.set("events.most_bytes", 1).load().unwrap();
        let keys: Vec<String> = settings.problems().into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["events.most_bytes", "hotels.region", "retention.chunk"]);
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let loaded = Loader::new(HotelApp::DEFAULT_TOML).set("hotels.regoin", "eu").load::<Settings>();
        assert!(loaded.unwrap_err().to_string().contains("regoin"));
    }
}
