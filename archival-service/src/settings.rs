//! The settings of this service; `config.default.toml` says what each is for.

use chrono::TimeDelta;
use domain::Instant;
use events::{consumer::ConsumerSettings, kafka::KafkaSettings};
use platform::{
    mysql::MySqlSettings,
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
    /// The booking database, as a user that may read and purge.
    pub mysql: MySqlSettings,
    /// The archive.
    pub cassandra: CassandraSettings,
    /// The archive's keyspace as `migrate` makes it.
    pub keyspace: KeyspaceSettings,
    /// The event log.
    pub kafka: KafkaSettings,
    /// The reader of `booking.events`.
    pub consumer: ConsumerSettings,
    /// What an event does after the purge.
    pub amending: AmendingSettings,
    /// The job that copies.
    pub copying: CopyingSettings,
    /// The walk over everything.
    pub walking: WalkingSettings,
    /// The job that purges.
    pub purging: PurgingSettings,
}

/// The archive's keyspace as `migrate` makes it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyspaceSettings {
    /// Copies of each row per data centre.
    pub replicas: u8,
}

/// Events of purged bookings are taken into their archived copies.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmendingSettings {
    /// Copies of one batch of events amended side by side.
    pub side_by_side: usize,
}

/// The job that copies.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyingSettings {
    /// The wait between two looks when nothing wakes it, in milliseconds.
    pub every_ms: u64,
    /// So long an event lets others come before the look that it asks for, in milliseconds.
    pub gather_ms: u64,
    /// Bookings of one page of the scan.
    pub batch: u32,
    /// Bookings copied side by side.
    pub side_by_side: usize,
    /// Each look begins so long before where the last one ended.
    pub overlap_seconds: u32,
}

/// The slow walk over everything that is not purged yet.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalkingSettings {
    /// The wait between two looks, in milliseconds.
    pub every_ms: u64,
    /// Pages of each status in one look.
    pub pages: u32,
    /// Bookings of one page.
    pub batch: u32,
    /// Bookings copied side by side.
    pub side_by_side: usize,
    /// The pause between two walks.
    pub rest_minutes: u32,
}

/// The job that purges.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurgingSettings {
    /// The wait between two walks, in milliseconds.
    pub every_ms: u64,
    /// Bookings of one page of the walk.
    pub batch: u32,
    /// Bookings read back from the archive side by side before they are deleted.
    pub side_by_side: usize,
    /// The longest rest after a lot of which some were deleted, in milliseconds.
    pub longest_rest_ms: u32,
    /// How long a booking must have stood unchanged.
    pub settling_days: u32,
    /// So late the payment provider may still call back.
    pub latest_callback_hours: u32,
}

impl PurgingSettings {
    /// What has changed since is not purged.
    pub fn settled_until(self, now: Instant) -> Instant {
        now.plus(-TimeDelta::days(i64::from(self.settling_days)))
    }
}

impl ServiceSettings for Settings {
    fn kit(&self) -> &KitSettings {
        &self.kit
    }

    fn problems(&self) -> Vec<SettingProblem> {
        let (copying, walking, purging) = (self.copying, self.walking, self.purging);
        let settling_hours = purging.settling_days.saturating_mul(24);
        unmet([
            ("cassandra.nodes", !self.cassandra.nodes.is_empty(), "must name at least one node"),
            ("cassandra.keyspace", is_plain(&self.cassandra.keyspace), "must be a name of a-z, 0-9 and _"),
            ("keyspace.replicas", self.keyspace.replicas > 0, ABOVE_ZERO),
            ("amending.side_by_side", self.amending.side_by_side > 0, ABOVE_ZERO),
            ("copying.every_ms", copying.every_ms > 0, ABOVE_ZERO),
            ("copying.batch", copying.batch > 0, ABOVE_ZERO),
            ("copying.side_by_side", copying.side_by_side > 0, ABOVE_ZERO),
            ("walking.every_ms", walking.every_ms > 0, ABOVE_ZERO),
            ("walking.pages", walking.pages > 0, ABOVE_ZERO),
            ("walking.batch", walking.batch > 0, ABOVE_ZERO),
            ("walking.side_by_side", walking.side_by_side > 0, ABOVE_ZERO),
            (
                "copying.overlap_seconds",
                copying.overlap_seconds > self.mysql.wait_timeout_s,
                "must be longer than mysql.wait_timeout_s, or a late commit is seen only by the walk",
            ),
            ("purging.every_ms", purging.every_ms > 0, ABOVE_ZERO),
            ("purging.batch", purging.batch > 0, ABOVE_ZERO),
            ("purging.side_by_side", purging.side_by_side > 0, ABOVE_ZERO),
            (
                "purging.settling_days",
                settling_hours > purging.latest_callback_hours,
                "must be longer than purging.latest_callback_hours, or money comes for bookings already purged",
            ),
        ])
    }
}

/// The keyspace stands in CQL text, where no placeholder can.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=48).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use platform::{app::App, settings::Loader};

    use super::*;
    use crate::ArchivalApp;

    fn defaults() -> Loader {
        Loader::new(ArchivalApp::DEFAULT_TOML).set("mysql.url", "mysql://archival@127.0.0.1/booking")
    }

    fn keys(loader: Loader) -> Vec<String> {
        let settings: Settings = loader.load().unwrap();
        settings.problems().into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn the_defaults_do_not_contradict_themselves() {
        assert_eq!(keys(defaults()), Vec::<String>::new());
    }

    #[test]
    fn the_address_of_the_database_has_no_default() {
        let error = Loader::new(ArchivalApp::DEFAULT_TOML).load::<Settings>().unwrap_err().to_string();
        assert!(error.contains("url"), "{error}");
    }

    #[test]
    fn a_settling_time_not_above_the_providers_latest_callback_is_refused() {
        assert_eq!(keys(defaults().set("purging.settling_days", 3)), ["purging.settling_days"]);
        assert_eq!(keys(defaults().set("purging.settling_days", 4)), Vec::<String>::new());
    }

    #[test]
    fn every_contradiction_is_named() {
        let loader = defaults().set("cassandra.keyspace", "a; drop keyspace b").set("copying.batch", 0);
        assert_eq!(
            keys(loader.set("copying.overlap_seconds", 5)),
            ["cassandra.keyspace", "copying.batch", "copying.overlap_seconds"]
        );
    }
}
