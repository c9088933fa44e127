//! Settings of search-service; `config.default.toml` explains every key.

use events::{consumer::ConsumerSettings, kafka::KafkaSettings};
use platform::settings::{ABOVE_ZERO, KitSettings, ServiceSettings, SettingProblem, unmet};
use serde::Deserialize;

use crate::{freshness::FreshnessSettings, index::elastic::ElasticSettings};

/// Everything.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What every service has.
    pub kit: KitSettings,
    /// The search server.
    pub elasticsearch: ElasticSettings,
    pub index: IndexSettings,
    /// The event log.
    pub kafka: KafkaSettings,
    /// The reader of hotels and rooms.
    pub hotel_consumer: ConsumerSettings,
    /// The reader of availability.
    pub availability_consumer: ConsumerSettings,
    /// How `migrate` makes the topics.
    pub topics: TopicSettings,
    /// When answers count as stale.
    pub freshness: FreshnessSettings,
    /// Rebuilding the index.
    pub reindex: ReindexSettings,
}

/// The index behind its alias.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexSettings {
    /// The alias; indices are named after it.
    pub alias: String,
    /// Primary shards of a new index.
    pub shards: u16,
    /// Copies of each shard.
    pub replicas: u16,
}

/// Partitions of topics that `migrate` finds missing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicSettings {
    /// Of the hotel topic.
    pub hotel_partitions: u32,
    /// Of the availability topic.
    pub availability_partitions: u32,
}

/// How a rebuild goes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReindexSettings {
    /// The longest a rebuild may read before it is given up, in seconds.
    pub deadline_s: u64,
    /// How often its lag is looked at, in milliseconds.
    pub check_ms: u64,
    /// How long a rebuild keeps others away after its last sign of life, in milliseconds.
    pub lock_ms: u64,
    /// How long the old index stays after the alias has moved, in milliseconds.
    pub keep_old_ms: u64,
}

impl ServiceSettings for Settings {
    fn kit(&self) -> &KitSettings {
        &self.kit
    }

    fn problems(&self) -> Vec<SettingProblem> {
        let consumers = [&self.hotel_consumer, &self.availability_consumer];
        let handle_timeout_ms = consumers.map(|one| one.handle_timeout_ms).into_iter().min().unwrap_or(0);
        let (search, reindex) = (&self.elasticsearch, &self.reindex);
        unmet([
            ("elasticsearch.urls", !search.urls.trim().is_empty(), "must name at least one URL"),
            ("elasticsearch.timeout_ms", search.timeout_ms > 0, ABOVE_ZERO),
            (
                "elasticsearch.timeout_ms",
                search.timeout_ms < handle_timeout_ms,
                "must be below the consumers' handle_timeout_ms",
            ),
            (
                "index.alias",
                is_index_name(&self.index.alias),
                "must be 1 to 60 of a-z, 0-9 and -, a letter first",
            ),
            ("index.shards", self.index.shards > 0, ABOVE_ZERO),
            (
                "availability_consumer.group",
                consumers[0].group != consumers[1].group,
                "must differ from the other group",
            ),
            (
                "availability_consumer.topic",
                consumers[0].topic != consumers[1].topic,
                "must differ from the other topic",
            ),
            ("freshness.check_ms", self.freshness.check_ms > 0, ABOVE_ZERO),
            ("freshness.note_ms", self.freshness.note_ms > 0, ABOVE_ZERO),
            (
                "reindex.lock_ms",
                reindex.lock_ms / 3 > reindex.check_ms + search.timeout_ms,
                "must be above three times reindex.check_ms and elasticsearch.timeout_ms: it is renewed in a third of it",
            ),
            ("reindex.check_ms", reindex.check_ms > 0, ABOVE_ZERO),
            (
                "reindex.keep_old_ms",
                reindex.keep_old_ms >= search.timeout_ms,
                "must not be below elasticsearch.timeout_ms: searches under way still read the old index",
            ),
        ])
    }
}

/// The name goes into request paths, so only plain characters are allowed.
fn is_index_name(name: &str) -> bool {
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    plain && name.len() <= 60 && name.starts_with(|c: char| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use platform::{
        app::App as _,
        settings::{Loader, ServiceSettings as _},
    };

    use crate::SearchApp;

    #[test]
    fn the_defaults_are_complete_and_do_not_contradict_themselves() {
        let settings: super::Settings = Loader::new(SearchApp::DEFAULT_TOML).load().unwrap();
        assert_eq!(settings.problems(), []);
    }

    #[test]
    fn contradictions_are_named_by_their_key() {
        let settings: super::Settings = Loader::new(SearchApp::DEFAULT_TOML)
            .set("index.alias", "../_all")
            .set("availability_consumer.group", "search-hotel")
            .set("reindex.keep_old_ms", 1)
            .load()
            .unwrap();
        let keys: Vec<_> = settings.problems().into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["index.alias", "availability_consumer.group", "reindex.keep_old_ms"]);
    }
}
