//! What Redis is told of a commit, so that the ends of new holds are prompt and other copies publish its events at once. Never
//! the truth: the jobs find every hold and every event without it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use delivery::LANES;
use domain::{BookingId, HotelId, Instant};
use platform::redis::Telling;
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
/// What stands before the channels of lanes.
const LANE_PREFIX: &str = "vacancy/wake/";

/// Keys or entries that are due when the holds are, so long before their ends.
pub(super) fn tell_holds(
    telling: &mut Telling,
    hints: HoldHints,
    lead: TimeDelta,
    (holds, now): (&[(HotelId, BookingId, Instant)], Instant),
) {
    match hints {
        HoldHints::Keyspace => {
            let wait = |ends_at: Instant| ends_at.since(now).checked_sub(&lead).unwrap_or_default();
            let ttl = |ends_at| u64::try_from(wait(ends_at).num_milliseconds()).unwrap_or_default();
            for (hotel, booking, ends_at) in holds {
                telling.expiring(&hold_key(*hotel, *booking), ttl(*ends_at));
            }
        }
        HoldHints::Queue => {
            let mut queues: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
            for (hotel, booking, ends_at) in holds {
                let entry = (millis(*ends_at), booking.to_string());
                queues.entry(hold_queue(hotel.share())).or_default().push(entry);
            }
            for (queue, entries) in &queues {
                telling.scored(queue, entries);
            }
        }
        HoldHints::Off => {}
    }
}

/// That a copy has written events of hotels in these shares: their lanes may be another's.
pub(super) fn tell_lanes(telling: &mut Telling, shares: &BTreeSet<u8>, copy: &str) {
    let lanes: BTreeSet<u8> = shares.iter().map(|share| share % LANES).collect();
    for lane in lanes {
        telling.message(&lane_channel(lane), copy);
    }
}

/// Where copies tell each other that a lane of the outbox has something to publish; a message is who has committed it.
pub fn lane_channel(lane: u8) -> String {
    format!("{LANE_PREFIX}{lane}")
}

/// The lane of a channel.
pub fn parse_lane_channel(channel: &str) -> Option<u8> {
    channel.strip_prefix(LANE_PREFIX)?.parse().ok()
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

    #[test]
    fn a_lanes_channel_names_its_lane() {
        assert!((0..LANES).all(|lane| parse_lane_channel(&lane_channel(lane)) == Some(lane)));
        assert_eq!(parse_lane_channel("vacancy/wake/x"), None);
    }
}
