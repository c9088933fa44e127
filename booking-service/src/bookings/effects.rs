//! What a commit sets off: wake-ups and hints. Losing any of them costs promptness, never correctness.

use std::sync::Arc;

use booking_core::shard;
use chrono::TimeDelta;
use platform::{
    causes::causes,
    pace::Wake,
    redis::{Redis, Telling},
};

use super::hints::{self, HoldHints};

/// Who is told of a commit.
#[derive(Clone)]
pub struct Effects {
    /// Publishes the events.
    pub relay: Wake,
    /// Sends voids and refunds.
    pub owed: Wake,
    /// Tells when holds end, and other copies that there are events.
    pub redis: Redis,
    /// The name of this copy among them.
    pub copy: Arc<str>,
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
        self.tell_redis(done);
    }

    pub(super) fn wake_relay(&self) {
        self.relay.wake();
    }

    /// Nobody waits for Redis: it may be slow or away.
    fn tell_redis(&self, done: &shard::Effects) {
        let mut telling = Telling::default();
        hints::tell_holds(&mut telling, self.hints, self.lead, (&done.holds, done.now));
        hints::tell_lanes(&mut telling, &done.shares, &self.copy);
        let redis = self.redis.clone();
        tokio::spawn(async move {
            if let Err(error) = redis.tell(&telling).await {
                tracing::debug!(causes = causes(&error), "Redis was not told of a commit");
            }
        });
    }
}
