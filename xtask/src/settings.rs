//! The stack's settings: compiled-in defaults, then `vacancy.stack.toml` in the checkout's root, then the environment.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{
    failure::{Doing, Failure, Outcome},
    routing::Trust,
};

const DEFAULTS: &str = include_str!("../stack.default.toml");
const FILE: &str = "vacancy.stack.toml";
/// Two underscores, so that a setting is never mistaken for an endpoint that `stack env` prints.
const PREFIX: &str = "VACANCY_STACK__";

/// Every setting of the stack; each key is explained in `stack.default.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    cache: PathBuf,
    pub(crate) java_home: PathBuf,
    pub(crate) ready_seconds: u64,
    pub(crate) stop_seconds: u64,
    pub(crate) elasticsearch_uid: u32,
    pub(crate) mysql: Mysql,
    pub(crate) heap_mib: HeapMib,
    pub(crate) redis: Redis,
    pub(crate) gateway: Trust,
    pub(crate) port_offsets: PortOffsets,
    pub(crate) instances: BTreeMap<String, InstanceSettings>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mysql {
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) buffer_pool_mib: u32,
    pub(crate) max_connections: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeapMib {
    pub(crate) kafka: u32,
    pub(crate) elasticsearch: u32,
    pub(crate) cassandra: u32,
    pub(crate) greenmail: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redis {
    pub(crate) databases: u32,
}

/// What is added to an instance's `port_base`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PortOffsets {
    pub(crate) mysql_hotel: u16,
    pub(crate) mysql_booking: u16,
    pub(crate) redis: u16,
    pub(crate) kafka: u16,
    pub(crate) kafka_controller: u16,
    pub(crate) elasticsearch: u16,
    pub(crate) elasticsearch_transport: u16,
    pub(crate) cassandra: u16,
    pub(crate) cassandra_storage: u16,
    pub(crate) greenmail_smtp: u16,
    pub(crate) greenmail_api: u16,
    pub(crate) greenmail_imap: u16,
    pub(crate) gateway: u16,
    pub(crate) hotel_service: u16,
    pub(crate) search_service: u16,
    pub(crate) booking_service: u16,
    pub(crate) booking_mgmt_service: u16,
    pub(crate) archival_service: u16,
    pub(crate) notification_service: u16,
    pub(crate) payment_sandbox: u16,
    pub(crate) booking_service_second: u16,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InstanceSettings {
    pub(crate) folder: PathBuf,
    pub(crate) port_base: u16,
    pub(crate) durable: bool,
    pub(crate) public_per_second: u32,
    pub(crate) public_burst: u32,
    pub(crate) caller_per_second: u32,
    pub(crate) caller_burst: u32,
    pub(crate) hold_minutes: u32,
    pub(crate) purge_every_ms: u32,
    pub(crate) warm_jvms: bool,
}

impl Settings {
    /// Reads all three layers for the checkout at `root`; a key that nobody knows is refused by name.
    pub(crate) fn load(root: &Path) -> Outcome<Self> {
        let file = root.join(FILE);
        let text = if file.exists() {
            std::fs::read_to_string(&file).doing("reading", &file)?
        } else {
            String::new()
        };
        merged(&text, std::env::vars())
    }

    /// The folder of downloads, outside the checkout.
    pub(crate) fn cache(&self) -> Outcome<PathBuf> {
        if !self.cache.as_os_str().is_empty() {
            return Ok(self.cache.clone());
        }
        let from = |key: &str| std::env::var_os(key).filter(|value| !value.is_empty()).map(PathBuf::from);
        from("XDG_CACHE_HOME")
            .or_else(|| from("HOME").map(|home| home.join(".cache")))
            .map(|base| base.join("vacancy"))
            .ok_or_else(|| {
                Failure::Settings("neither HOME nor `cache` is set: where do downloads go?".into())
            })
    }
}

fn merged(file: &str, environment: impl Iterator<Item = (String, String)>) -> Outcome<Settings> {
    let mut tree = parse(DEFAULTS, "stack.default.toml")?;
    overlay(&mut tree, parse(file, FILE)?);
    for (key, value) in environment {
        if let Some(path) = key.strip_prefix(PREFIX) {
            overlay(&mut tree, from_environment(path, &value));
        }
    }
    toml::Value::Table(tree).try_into().map_err(|error: toml::de::Error| Failure::Settings(error.to_string()))
}

fn parse(text: &str, name: &str) -> Outcome<toml::Table> {
    text.parse().map_err(|error| Failure::Settings(format!("{name}: {error}")))
}

/// Tables are merged key by key, anything else is replaced.
fn overlay(under: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(value)) => overlay(inner, value),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

/// `PORT_OFFSETS__KAFKA` and `99` become `port_offsets.kafka = 99`. What is not a TOML value is a string.
fn from_environment(path: &str, text: &str) -> toml::Table {
    let parsed =
        format!("value = {text}").parse::<toml::Table>().ok().and_then(|mut table| table.remove("value"));
    let mut value = parsed.unwrap_or_else(|| toml::Value::String(text.to_owned()));
    let lowered = path.to_lowercase();
    let mut names: Vec<&str> = lowered.split("__").collect();
    let first = if names.is_empty() { "" } else { names.remove(0) };
    for name in names.into_iter().rev() {
        value = toml::Value::Table(toml::Table::from_iter([(name.to_owned(), value)]));
    }
    toml::Table::from_iter([(first.to_owned(), value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> std::iter::Empty<(String, String)> {
        std::iter::empty()
    }

    #[test]
    fn defaults_parse_and_have_both_instances() {
        let settings = merged("", none()).unwrap();
        assert_eq!(settings.instances["main"].port_base, 21_000);
        assert!(!settings.instances["test"].durable);
    }

    #[test]
    fn the_file_changes_only_the_keys_it_names() {
        let settings = merged("[port_offsets]\nkafka = 7\n", none()).unwrap();
        assert_eq!((settings.port_offsets.kafka, settings.port_offsets.redis), (7, 379));
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let set = [("VACANCY_STACK__INSTANCES__TEST__PORT_BASE".to_owned(), "30000".to_owned())];
        let settings = merged("[instances.test]\nport_base = 25000\n", set.into_iter()).unwrap();
        assert_eq!(settings.instances["test"].port_base, 30_000);
        assert_eq!(settings.instances["test"].folder, PathBuf::from(".vacancy-test"));
    }

    #[test]
    fn an_endpoint_of_stack_env_is_not_a_setting() {
        let set = [("VACANCY_STACK_REDIS_URL".to_owned(), "redis://x".to_owned())];
        assert!(merged("", set.into_iter()).is_ok());
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let refused = merged("speed = 9\n", none()).unwrap_err().to_string();
        assert!(refused.contains("speed"), "{refused}");
    }
}
