//! What a commit sets off: wake-ups and hints. Losing any of them costs promptness, never correctness.

use booking_core::shard;
use chrono::TimeDelta;
use domain::{BookingId, HotelId, Instant};
use platform::{pace::Wake, redis::Redis};

/// The prefix of hold keys in Redis; the rest is the booking's id.
pub const HOLD_PREFIX: &str = "vacancy/hold/";

/// Who is told of a commit.
#[derive(Clone)]
pub struct Effects {
    /// Publishes the events.
    pub relay: Wake,
    /// Sends voids and refunds.
    pub owed: Wake,
    /// Tells when holds end.
    pub redis: Redis,
    /// How long before its end a hold is worked on.
    pub lead: TimeDelta,
}

impl Effects {
    /// Tells everybody of what a batch has set off.
    pub(crate) fn after(&self, done: &shard::Effects) {
        self.relay.wake();
        if done.owed {
            self.owed.wake();
        }
        for ((happening, reason), count) in &done.happenings {
            metrics::counter!("booking_events_total", "happening" => *happening, "reason" => *reason)
                .increment(*count);
        }
        self.hint_holds(done.holds.clone(), done.now);
    }

    pub(super) fn wake_relay(&self) {
        self.relay.wake();
    }

    /// Keys that expire when the holds are due. Nobody waits for them: Redis may be slow or away.
    fn hint_holds(&self, holds: Vec<(HotelId, BookingId, Instant)>, now: Instant) {
        if holds.is_empty() {
            return;
        }
        let (redis, lead) = (self.redis.clone(), self.lead);
        tokio::spawn(async move {
            for (_, booking, expires_at) in holds {
                let ttl = expires_at.since(now).checked_sub(&lead).unwrap_or(TimeDelta::zero());
                let ttl_ms = u64::try_from(ttl.num_milliseconds()).unwrap_or(1);
                if let Err(error) = redis.set_with_ttl(&hold_key(booking), b"", ttl_ms).await {
                    tracing::debug!(%booking, causes = platform::causes::causes(&error), "Redis was not told of holds");
                    return;
                }
            }
        });
    }
}

/// The key of a hold.
pub fn hold_key(booking: BookingId) -> String {
    format!("{HOLD_PREFIX}{booking}")
}

/// The booking of a hold's key.
pub fn parse_hold_key(key: &str) -> Option<BookingId> {
    key.strip_prefix(HOLD_PREFIX)?.parse().ok()
}
