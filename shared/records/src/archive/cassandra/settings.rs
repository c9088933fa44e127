//! How to reach the archive.

use platform::settings::{Secret, SettingProblems, Value, section};
use serde::Deserialize;

/// How to reach Cassandra; each key is explained where its default stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CassandraSettings {
    /// `host:port` of some nodes; the driver finds the others.
    pub nodes: Vec<String>,
    /// The keyspace.
    pub keyspace: String,
    /// Empty where Cassandra asks for none.
    pub user: String,
    /// The user's password.
    pub password: Secret,
    /// One request lasts at most so long, in milliseconds.
    pub request_timeout_ms: u64,
    /// A whole list (many requests) lasts at most so long, in milliseconds.
    pub list_timeout_ms: u64,
    /// Connecting lasts at most so long, in milliseconds; for as long after a failure nobody tries again.
    pub connect_timeout_ms: u64,
    /// Rows per request of a list.
    pub page_rows: u16,
    /// Months of a hotel's list that are read side by side.
    pub months_at_once: u8,
}

impl CassandraSettings {
    /// The kit's section `cassandra` with nodes and a keyspace: for tools and tests.
    pub fn at(nodes: Vec<String>, keyspace: impl Into<String>) -> Result<Self, SettingProblems> {
        section("cassandra", [("nodes", Value::from(nodes)), ("keyspace", Value::String(keyspace.into()))])
    }
}
