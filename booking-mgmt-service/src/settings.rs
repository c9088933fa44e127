//! The settings of this service; `config.default.toml` says what each is for.

use events::{consumer::ConsumerSettings, kafka::KafkaSettings};
use platform::{
    mysql::MySqlSettings,
    redis::RedisSettings,
    settings::{ABOVE_ZERO, KitSettings, ServiceSettings, SettingProblem, unmet},
};
use records::archive::cassandra::CassandraSettings;
use serde::Deserialize;

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What every service has.
    pub kit: KitSettings,
    /// The booking database, as a user that may only read.
    pub mysql: MySqlSettings,
    /// The archive.
    pub cassandra: CassandraSettings,
    /// Bodies of bookings.
    pub redis: RedisSettings,
    /// The event log.
    pub kafka: KafkaSettings,
    /// The reader of `booking.events`.
    pub consumer: ConsumerSettings,
    /// What is kept in Redis.
    pub bodies: BodySettings,
    /// A hotel's list.
    pub hotel_list: HotelListSettings,
}

/// What is kept in Redis.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodySettings {
    /// How long a body is kept after it was written, in seconds.
    pub keep_seconds: u64,
    /// Requests that write bodies at once, at most.
    pub writers: usize,
}

/// A hotel's list.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HotelListSettings {
    /// `start_from` if nobody says: days before today.
    pub days_back: u32,
    /// `start_to` if nobody says: days after today.
    pub days_ahead: u32,
    /// Days between them at most.
    pub most_days: u32,
    /// After so long, in seconds, everything that was decided is committed or taken back.
    pub complete_after_seconds: u32,
}

/// The longest a body may be kept: beyond a year it is only ballast.
const LONGEST_KEEP_S: u64 = 366 * 86_400;

/// So long after its decision booking-service commits a change, or takes it back.
const LATEST_COMMIT_S: u32 = 10;

impl ServiceSettings for Settings {
    fn kit(&self) -> &KitSettings {
        &self.kit
    }

    fn problems(&self) -> Vec<SettingProblem> {
        let list = self.hotel_list;
        let window = list.days_back.saturating_add(list.days_ahead);
        unmet([
            (
                "bodies.keep_seconds",
                (1..=LONGEST_KEEP_S).contains(&self.bodies.keep_seconds),
                "has 1 s to 366 days",
            ),
            ("bodies.writers", self.bodies.writers > 0, ABOVE_ZERO),
            ("cassandra.nodes", !self.cassandra.nodes.is_empty(), "must name at least one node"),
            (
                "hotel_list.complete_after_seconds",
                list.complete_after_seconds > LATEST_COMMIT_S,
                "must be above 10, within which booking-service commits a change or takes it back",
            ),
            ("hotel_list.most_days", window <= list.most_days, "must not be below days_back + days_ahead"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use platform::{app::App, settings::Loader};

    use super::*;
    use crate::MgmtApp;

    fn defaults() -> Loader {
        Loader::new(MgmtApp::DEFAULT_TOML)
            .set("mysql.url", "mysql://mgmt:a secret of tests@127.0.0.1/booking")
    }

    #[test]
    fn with_what_has_no_default_the_defaults_are_complete() {
        let settings: Settings = defaults().load().unwrap();
        assert_eq!(settings.problems(), []);
        assert!(!format!("{settings:?}").contains("a secret of tests"));
    }

    #[test]
    fn what_has_no_default_must_be_given() {
        let error = Loader::new(MgmtApp::DEFAULT_TOML).load::<Settings>().unwrap_err().to_string();
        assert!(error.contains("mysql.url"), "{error}");
    }

    #[test]
    fn every_contradiction_is_named() {
        let loader = defaults().set("bodies.writers", 0).set("hotel_list.most_days", 1);
        let settings: Settings = loader.load().unwrap();
        let keys: Vec<String> = settings.problems().into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["bodies.writers", "hotel_list.most_days"]);
    }
}
