//! Bodies of bookings in Redis: written only if newer, used only at the version that MySQL says. Never the truth: a
//! Redis that is down, flushed or behind costs a read of MySQL and nothing else.

use std::collections::HashMap;

use domain::{BookingId, booking::BookingRecord};
use platform::redis::{Redis, Unavailable, Versioned};

use crate::active::Head;

/// Some 300 kB: each round trip has to end within the time of one call.
const PER_ROUND_TRIP: usize = 100;

/// Bodies by booking. Only mgmt writes them.
#[derive(Clone)]
pub struct BodyCache {
    redis: Redis,
    ttl_ms: u64,
}

impl BodyCache {
    /// A cache whose bodies go after `ttl_ms` milliseconds without being written.
    pub const fn new(redis: Redis, ttl_ms: u64) -> Self {
        Self { redis, ttl_ms }
    }

    /// The bodies that are there in exactly the version of the head.
    pub async fn read(&self, heads: &[Head]) -> HashMap<BookingId, BookingRecord> {
        let keys: Vec<String> = heads.iter().map(|head| key(head.booking_id())).collect();
        let stored = match self.redis.mget_versioned(&keys).await {
            Ok(stored) => stored,
            Err(error) => {
                missed(&error);
                return HashMap::new();
            }
        };
        let found: HashMap<BookingId, BookingRecord> =
            heads.iter().zip(stored).filter_map(|(head, body)| current(head, &body?)).collect();
        metrics::counter!("booking_bodies_total", "found" => "yes").increment(count(found.len()));
        metrics::counter!("booking_bodies_total", "found" => "no")
            .increment(count(heads.len() - found.len()));
        found
    }

    /// Keeps bodies, in few round trips, each unless the same or a newer version is there.
    pub async fn write(&self, records: impl IntoIterator<Item = &BookingRecord>) {
        let bodies: Vec<_> = records.into_iter().filter_map(body).collect();
        for bodies in bodies.chunks(PER_ROUND_TRIP) {
            if let Err(error) = self.redis.set_if_newer(bodies, self.ttl_ms).await {
                return missed(&error);
            }
        }
    }
}

fn body(record: &BookingRecord) -> Option<(String, Versioned)> {
    let (version, value) = (u64::try_from(record.version).ok()?, serde_json::to_vec(record).ok()?);
    Some((key(record.booking_id), Versioned { version, value }))
}

fn key(id: BookingId) -> String {
    format!("vacancy:booking:{id}")
}

/// A body that does not parse (an older program's) counts as absent.
fn current(head: &Head, body: &Versioned) -> Option<(BookingId, BookingRecord)> {
    let asked = u64::try_from(head.version).ok()?;
    let record: BookingRecord =
        (body.version == asked).then(|| serde_json::from_slice(&body.value).ok())??;
    (record.booking_id == head.booking_id() && record.version == head.version)
        .then_some((head.booking_id(), record))
}

fn count(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}

fn missed(error: &Unavailable) {
    tracing::debug!(%error, "bodies are read from MySQL, Redis does not answer");
}
