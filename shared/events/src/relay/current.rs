//! Events that carry no payload: what they tell is read when they are published.

use async_trait::async_trait;
use platform::causes::BoxError;

/// What a key is right now, to be published as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentRecord {
    /// The record's key.
    pub key: String,
    /// What chooses its partition.
    pub partition_key: String,
    /// The version of the state that was read.
    pub version: i64,
    /// The CloudEvent as JSON; none is a tombstone.
    pub payload: Option<Vec<u8>>,
}

/// Reads current state for events that carry none, because what they tell is known only after the commit.
#[async_trait]
pub trait CurrentState: Send + Sync {
    /// The current state of the keys, read from the primary after the call began. A key that is left out is not published.
    async fn read(&self, keys: &[String]) -> Result<Vec<CurrentRecord>, BoxError>;
}
