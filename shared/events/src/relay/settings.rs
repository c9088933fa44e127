//! How a relay works.

use std::time::Duration;

use delivery::{Backoff, LaneLimits};
use serde::Deserialize;

use crate::outbox::rows::Portion;

/// How the relay works; each key is explained where its default stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelaySettings {
    /// A lane's lease on the database's clock, in milliseconds: how long a lane stands still after its process died. After a
    /// stop in order the others have its lanes at their next look.
    pub lease_ms: u64,
    /// Entries of one Kafka transaction at most, as whole rows: bounds what is published twice after a crash.
    pub batch_records: u32,
    /// Bytes of the rows of one Kafka transaction at most, one row at least: bounds memory.
    pub batch_bytes: u64,
    /// Without a wake-up it is looked this often, in milliseconds, in one statement, whether rows wait and who lives: rows of other
    /// processes wait no longer.
    pub poll_ms: u64,
    /// All of a lane is read this often, in milliseconds: ids are given before the commit, so a row may appear late below the mark.
    pub full_scan_ms: u64,
    /// The low-water mark trails by this, in milliseconds: longer than any writing transaction lives.
    pub settle_ms: u64,
    /// A wake-up is followed by a wait of this many milliseconds, so that one transaction carries many events.
    pub linger_ms: u64,
    /// A lane is read again no sooner than this many milliseconds after its last read, however often it is woken: under load
    /// each transaction carries more events, and the lanes do not keep the database and Kafka busy with single ones.
    pub pace_ms: u64,
    /// The first wait after a failure, in milliseconds, doubled from then on.
    pub first_wait_ms: u64,
    /// No wait after failures is longer than this, in milliseconds, so that a Kafka that is back is noticed soon.
    pub most_wait_ms: u64,
    /// Published rows are deleted after so many seconds: as long as an operator may want to publish them again.
    pub retention_s: u64,
    /// Rows deleted by one statement at most, so that deleting holds no locks for long.
    pub purge_chunk: u64,
}

impl RelaySettings {
    pub(super) const fn portion(&self) -> Portion {
        Portion { records: self.batch_records, bytes: self.batch_bytes }
    }

    pub(super) fn limits(&self) -> LaneLimits {
        let ms = Duration::from_millis;
        LaneLimits {
            lease: ms(self.lease_ms),
            // Who looks for all lanes wakes this one; its own reads only see to it that a lost wake-up is not for ever.
            poll: ms(self.lease_ms),
            ask: ms(self.poll_ms),
            full_scan: ms(self.full_scan_ms),
            settle: ms(self.settle_ms),
            backoff: Backoff::new(ms(self.first_wait_ms), ms(self.most_wait_ms)),
        }
    }
}
