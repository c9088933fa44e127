//! What Redis is told of new holds, so that their ends are prompt. Never the truth: the jobs find every hold without it.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::{BookingId, HotelId, Instant};
use platform::redis::{Redis, Unavailable};
use serde::Deserialize;

/// In which way Redis tells of holds that end soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldHints {
    /// By keys that expire: at once, at most once, and not to who is not connected then.
    Keyspace,
    /// By sorted sets that are asked each second: nothing is lost with a connection.
    Queue,
    /// Not at all.
    Off,
}

/// What stands before the keys of holds; then come the share and the booking.
pub const HOLD_PREFIX: &str = "vacancy/hold/";

/// Keys or entries that are due when the holds are, so long before their ends; all in one round trip.
pub(super) async fn tell(
    redis: &Redis,
    hints: HoldHints,
    lead: TimeDelta,
    (holds, now): (&[(HotelId, BookingId, Instant)], Instant),
) -> Result<(), Unavailable> {
    match hints {
        HoldHints::Keyspace => {
            let wait = |ends_at: Instant| ends_at.since(now).checked_sub(&lead).unwrap_or_default();
            let ttl = |ends_at| u64::try_from(wait(ends_at).num_milliseconds()).unwrap_or_default();
            let keys =
                holds.iter().map(|(hotel, booking, ends_at)| (hold_key(*hotel, *booking), ttl(*ends_at)));
            redis.set_with_ttl(&keys.collect::<Vec<_>>()).await
        }
        HoldHints::Queue => {
            let mut queues: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
            for (hotel, booking, ends_at) in holds {
                let entry = (millis(*ends_at), booking.to_string());
                queues.entry(hold_queue(hotel.share())).or_default().push(entry);
            }
            redis.put_scored(&queues).await
        }
        HoldHints::Off => Ok(()),
    }
}

/// The key that expires when the hold is due.
pub fn hold_key(hotel: HotelId, booking: BookingId) -> String {
    format!("{HOLD_PREFIX}{}/{booking}", hotel.share())
}

/// The share and the booking of a hold's key.
pub fn parse_hold_key(key: &str) -> Option<(u8, BookingId)> {
    let (share, booking) = key.strip_prefix(HOLD_PREFIX)?.split_once('/')?;
    Some((share.parse().ok()?, booking.parse().ok()?))
}

/// The sorted set of a share's holds; the score is the moment of the hold's end, as [`millis`] tells it.
pub fn hold_queue(share: u8) -> String {
    format!("vacancy/holds/{share}")
}

/// A moment as the queues have it: milliseconds of the database's clock.
pub fn millis(moment: Instant) -> i64 {
    moment.epoch_micros().div_euclid(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holds_key_names_its_share_and_its_booking() {
        let (hotel, booking) = (HotelId::from_uuid(testkit::unique_uuid()), testkit::unique_uuid().into());
        assert_eq!(parse_hold_key(&hold_key(hotel, booking)), Some((hotel.share(), booking)));
        assert_eq!(parse_hold_key("vacancy/hold/x/y"), None);
    }
}
