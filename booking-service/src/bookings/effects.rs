//! What a commit sets off: wake-ups and hints. Losing any of them costs promptness, never correctness.

use booking_core::Plan;
use chrono::TimeDelta;
use domain::{BookingId, Instant};
use platform::{pace::Wake, redis::Redis};

/// The prefix of hold keys in Redis; the rest is the booking's id.
pub const HOLD_PREFIX: &str = "vacancy/hold/";

/// Who is told of a commit.
#[derive(Clone)]
pub struct Effects {
    /// Publishes the events.
    pub relay: Wake,
    /// Numbers invoices.
    pub numbering: Wake,
    /// Sends voids and refunds.
    pub owed: Wake,
    /// Tells when holds end.
    pub redis: Redis,
    /// How long before its end a hold is worked on.
    pub lead: TimeDelta,
}

impl Effects {
    /// Tells everybody of what was committed at `now`.
    pub(super) fn after(&self, plan: &Plan, now: Instant) {
        if plan.is_empty() {
            return;
        }
        self.relay.wake();
        if !plan.invoices.is_empty() || !plan.credit_notes.is_empty() {
            self.numbering.wake();
        }
        if !plan.voids.is_empty() || !plan.refunds.is_empty() {
            self.owed.wake();
        }
        for new in &plan.bookings {
            self.hint_hold(new.record.booking_id, new.record.hold_expires_at, now);
        }
        count(plan);
    }

    pub(super) fn wake_relay(&self) {
        self.relay.wake();
    }

    /// A key that expires when the hold is due. Nobody waits for it: Redis may be slow or away.
    fn hint_hold(&self, booking: BookingId, expires_at: Instant, now: Instant) {
        let ttl = expires_at.since(now).checked_sub(&self.lead).unwrap_or(TimeDelta::zero());
        let ttl_ms = u64::try_from(ttl.num_milliseconds()).unwrap_or(1);
        let redis = self.redis.clone();
        tokio::spawn(async move {
            if let Err(error) = redis.set_with_ttl(&hold_key(booking), b"", ttl_ms).await {
                tracing::debug!(%booking, causes = platform::causes::causes(&error), "Redis was not told of a hold");
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

fn count(plan: &Plan) {
    for event in &plan.events {
        let reason = event.body.booking.status_reason.map_or("none", domain::booking::StatusReason::as_str);
        metrics::counter!("booking_events_total", "happening" => event.happening.kind(), "reason" => reason)
            .increment(1);
    }
}
