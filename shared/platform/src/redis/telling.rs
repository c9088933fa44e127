//! What Redis is told at once.

use redis::Pipeline;

/// Things to tell Redis in one round trip, none of which is answered.
#[derive(Clone, Default)]
pub struct Telling(pub(super) Pipeline);

impl Telling {
    /// An empty key that expires after so many milliseconds, at least 1.
    pub fn expiring(&mut self, key: &str, ttl_ms: u64) {
        self.0.cmd("SET").arg(key).arg("").arg("PX").arg(ttl_ms.max(1)).ignore();
    }

    /// Members of a sorted set, each with its score.
    pub fn scored(&mut self, set: &str, members: &[(i64, String)]) {
        self.0.cmd("ZADD").arg(set).arg(members).ignore();
    }

    /// A message for whoever listens to a channel then.
    pub fn message(&mut self, channel: &str, says: &str) {
        self.0.cmd("PUBLISH").arg(channel).arg(says).ignore();
    }
}
