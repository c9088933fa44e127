//! The settings of the operator's binary; every key is explained in `config.default.toml`.

use std::path::Path;

use events::kafka::KafkaSettings;
use hotel_service::HotelApp;
use platform::{
    app::App,
    mysql::MySqlSettings,
    settings::{
        ABOVE_ZERO, KitSettings, Loader, Secret, SettingProblem, SettingProblems, empty_is_none, unmet,
    },
};
use records::archive::cassandra::CassandraSettings;
use serde::Deserialize;

/// The defaults.
pub const DEFAULT_TOML: &str = include_str!("../../config.default.toml");
/// The middle word of variables: `VACANCY_ADMIN__KAFKA__BROKERS`.
const ENV: &str = "ADMIN";

/// Everything.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Tokens and the log; what is about HTTP is not used.
    pub kit: KitSettings,
    pub mysql: Databases,
    /// The event log.
    pub kafka: KafkaSettings,
    /// Names in the event log.
    pub events: EventSettings,
    /// The search server.
    pub elasticsearch: ElasticSettings,
    /// The archive.
    pub cassandra: CassandraSettings,
    /// Services that are called.
    pub services: ServiceUrls,
    /// Settings of services whose code is run.
    pub service_settings: ServiceFiles,
    /// The auditor.
    pub audit: AuditSettings,
    /// Sample data.
    pub seed: SeedSettings,
    /// Publishing again.
    pub republish: RepublishSettings,
}

/// `[mysql]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct Databases {
    pub hotel: MySqlSettings,
    pub booking: MySqlSettings,
}

/// `[events]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct EventSettings {
    pub prefix: String,
}

/// `[elasticsearch]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct ElasticSettings {
    pub url: String,
    pub username: String,
    pub password: Secret,
    pub alias: String,
    pub timeout_ms: u64,
}

/// `[services]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct ServiceUrls {
    pub booking: String,
    pub timeout_ms: u64,
}

/// `[service_settings]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct ServiceFiles {
    #[serde(deserialize_with = "empty_is_none")]
    pub search: Option<String>,
    #[serde(deserialize_with = "empty_is_none")]
    pub booking: Option<String>,
    #[serde(deserialize_with = "empty_is_none")]
    pub mgmt: Option<String>,
    #[serde(deserialize_with = "empty_is_none")]
    pub hotel: Option<String>,
    #[serde(deserialize_with = "empty_is_none")]
    pub archival: Option<String>,
    #[serde(deserialize_with = "empty_is_none")]
    pub notification: Option<String>,
}

/// `[audit]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct AuditSettings {
    pub page: u32,
    pub shown: usize,
    pub hold_grace_ms: u32,
    pub owed_minutes: u32,
    pub events_minutes: u32,
    pub log_days: u32,
    pub given_up_hours: u32,
    pub wait_ms: u64,
    pub letters: usize,
}

/// `[seed]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct SeedSettings {
    pub region: String,
}

/// `[republish]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct RepublishSettings {
    pub page: u32,
    pub most_waiting: u64,
    pub stalled_ms: u64,
    pub raise_by: u32,
}

impl Settings {
    /// The defaults, then the file, then the environment.
    pub fn load(file: Option<&Path>) -> Result<Self, SettingProblems> {
        let mut loader = Loader::new(DEFAULT_TOML);
        if let Some(path) = file {
            loader = loader.file(path);
        }
        let settings: Self = loader.env(ENV, std::env::vars()).load()?;
        let problems = settings.problems();
        if problems.is_empty() { Ok(settings) } else { Err(SettingProblems(problems)) }
    }

    /// What contradicts itself.
    pub fn problems(&self) -> Vec<SettingProblem> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        unmet([
            ("audit.page", self.audit.page > 0, ABOVE_ZERO),
            ("audit.wait_ms", self.audit.wait_ms > 0, ABOVE_ZERO),
            ("audit.letters", self.audit.letters > 0, ABOVE_ZERO),
            ("republish.page", self.republish.page > 0, ABOVE_ZERO),
            ("republish.most_waiting", self.republish.most_waiting > 0, ABOVE_ZERO),
            ("republish.raise_by", self.republish.raise_by > 0, ABOVE_ZERO),
            (
                "cassandra.keyspace",
                self.cassandra.keyspace.chars().all(plain),
                "must be letters, digits and _",
            ),
        ])
    }

    /// The longest event that hotel-service writes, by its own settings.
    pub(crate) fn most_hotel_event_bytes(&self) -> Result<usize, SettingProblems> {
        Ok(of_service::<HotelApp>(self.service_settings.hotel.as_ref())?.events.most_bytes)
    }

    /// The whole name of a topic or group.
    pub fn named(&self, plain: &str) -> String {
        format!("{}{plain}", self.events.prefix)
    }
}

/// A service's own settings, as it reads them itself.
pub(crate) fn of_service<A: App>(file: Option<&String>) -> Result<A::Settings, SettingProblems> {
    let mut loader = Loader::new(A::DEFAULT_TOML);
    if let Some(path) = file {
        loader = loader.file(Path::new(path));
    }
    loader.env(A::ENV, std::env::vars()).load()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_complete_and_do_not_contradict_themselves() {
        let settings: Settings = Loader::new(DEFAULT_TOML).load().unwrap();
        assert_eq!(settings.problems(), []);
        assert_eq!(settings.named("hotel.events"), "hotel.events");
    }

    #[test]
    fn contradictions_are_named_by_their_key() {
        let settings: Settings = Loader::new(DEFAULT_TOML)
            .set("audit.page", 0)
            .set("cassandra.keyspace", "a; drop")
            .load()
            .unwrap();
        let keys: Vec<_> = settings.problems().into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["audit.page", "cassandra.keyspace"]);
    }
}
