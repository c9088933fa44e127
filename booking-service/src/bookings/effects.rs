//! What a commit sets off: wake-ups and hints. Losing any of them costs promptness, never correctness.

use booking_core::shard;
use chrono::TimeDelta;
use domain::{BookingId, HotelId, Instant};
use platform::{causes::causes, pace::Wake, redis::Redis};

use super::hints::{self, HoldHints};

/// Who is told of a commit.
#[derive(Clone)]
pub struct Effects {
    /// Publishes the events.
    pub relay: Wake,
    /// Sends voids and refunds.
    pub owed: Wake,
    /// Tells when holds end.
    pub redis: Redis,
    /// In which way.
    pub hints: HoldHints,
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

    /// Nobody waits for Redis: it may be slow or away.
    fn hint_holds(&self, holds: Vec<(HotelId, BookingId, Instant)>, now: Instant) {
        if holds.is_empty() || self.hints == HoldHints::Off {
            return;
        }
        let (redis, way, lead) = (self.redis.clone(), self.hints, self.lead);
        tokio::spawn(async move {
            if let Err(error) = hints::tell(&redis, way, lead, (&holds, now)).await {
                tracing::debug!(causes = causes(&error), "Redis was not told of holds");
            }
        });
    }
}
