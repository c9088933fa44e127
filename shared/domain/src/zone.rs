//! Time zones: what the wall clock shows in a place, by the law in force.

mod law;

use std::{fmt, hash, str::FromStr};

use chrono::{Duration, NaiveDate, NaiveDateTime, NaiveTime};
use law::Zone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{instant::Instant, invalid::Invalid};

pub use law::{Law, ZoneFile};

/// Longer than any zone is away from UTC, and any leap of a wall clock, together: in seconds.
const BRACKET: i64 = 36 * 3_600;

/// An IANA time zone.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "Europe/Rome")]
pub struct TimeZone(&'static Zone);

impl TimeZone {
    /// Reads an IANA name such as `Europe/Rome`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let zone = Law::in_force().zone(text);
        zone.map(Self).ok_or_else(|| Invalid::unknown("An IANA time zone such as Europe/Rome."))
    }

    /// Every zone there is, by name.
    pub fn all() -> impl Iterator<Item = Self> {
        Law::in_force().zones().map(Self)
    }

    /// The IANA name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The date that the wall calendar shows there.
    pub fn date_of(self, at: Instant) -> NaiveDate {
        self.wall_clock(at).date()
    }

    /// The wall clock there.
    pub fn wall_clock(self, at: Instant) -> NaiveDateTime {
        let utc = at.naive_utc();
        let ahead = Duration::seconds(self.0.seconds_ahead(utc.and_utc().timestamp()));
        utc.checked_add_signed(ahead).unwrap_or(utc)
    }

    /// The first instant of `date` there: local midnight, the earlier of two, or the first moment after a gap
    /// (some zones skip midnight when summer begins; Samoa skipped the whole of 2011-12-30).
    pub fn first_instant_of(self, date: NaiveDate) -> Instant {
        let midnight = date.and_time(NaiveTime::MIN);
        // Seconds as a clock would count them that takes the wall for UTC.
        let wall = midnight.and_utc().timestamp();
        let (before, after) = (wall.saturating_sub(BRACKET), wall.saturating_add(BRACKET));
        let shows_midnight = |edge: i64| {
            let ahead = self.0.seconds_ahead(edge);
            let at = wall.saturating_sub(ahead);
            (self.0.seconds_ahead(at) == ahead).then_some(at)
        };
        let at = [before, after].into_iter().filter_map(shows_midnight).min();
        let at = at.unwrap_or_else(|| self.end_of_gap(wall, before, after));
        Instant::from_epoch_micros(at.saturating_mul(1_000_000)).unwrap_or(Instant::from_naive_utc(midnight))
    }

    /// The first second at which the wall clock is past `wall`, which it never shows; halves the bracket.
    fn end_of_gap(self, wall: i64, mut before: i64, mut after: i64) -> i64 {
        while after.saturating_sub(before) > 1 {
            let middle = before.midpoint(after);
            if middle.saturating_add(self.0.seconds_ahead(middle)) < wall {
                before = middle;
            } else {
                after = middle;
            }
        }
        after
    }
}

impl PartialEq for TimeZone {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for TimeZone {}

impl hash::Hash for TimeZone {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl fmt::Debug for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TimeZone {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl TryFrom<String> for TimeZone {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<TimeZone> for String {
    fn from(zone: TimeZone) -> Self {
        zone.name().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// The first instant of a date in a zone.
    fn first(zone: &str, day: &str) -> String {
        TimeZone::parse(zone).unwrap().first_instant_of(date(day)).to_string()
    }

    #[test]
    fn a_day_begins_when_the_law_in_force_says_so() {
        for (zone, day, begins) in [
            ("Europe/Rome", "2026-12-24", "2026-12-23T23:00:00.000000Z"),
            // British Columbia stays on summer time from 2026 on.
            ("America/Vancouver", "2026-12-24", "2026-12-24T07:00:00.000000Z"),
            // Morocco went back to GMT for good in 2026.
            ("Africa/Casablanca", "2026-12-24", "2026-12-24T00:00:00.000000Z"),
            ("Pacific/Kiritimati", "2026-12-24", "2026-12-23T10:00:00.000000Z"),
            ("Pacific/Pago_Pago", "2026-12-24", "2026-12-24T11:00:00.000000Z"),
            ("Asia/Kathmandu", "2026-12-24", "2026-12-23T18:15:00.000000Z"),
        ] {
            assert_eq!(first(zone, day), begins, "{zone}");
        }
    }

    #[test]
    fn a_midnight_that_is_skipped_begins_after_the_gap_and_one_that_comes_twice_with_the_first() {
        assert_eq!(first("Africa/Cairo", "2026-04-24"), "2026-04-23T22:00:00.000000Z");
        assert_eq!(first("America/Santiago", "2026-09-06"), "2026-09-06T04:00:00.000000Z");
        assert_eq!(first("America/Havana", "2026-11-01"), "2026-11-01T04:00:00.000000Z");
        assert_eq!(first("Asia/Beirut", "2026-03-29"), "2026-03-28T22:00:00.000000Z");
        assert_eq!(first("Pacific/Apia", "2011-12-30"), first("Pacific/Apia", "2011-12-31"));
    }

    #[test]
    fn the_first_instant_of_a_day_is_on_that_day_and_the_one_before_is_not() {
        let days: Vec<NaiveDate> = date("2026-01-01").iter_days().take(800).collect();
        for zone in TimeZone::all() {
            for day in &days {
                let begins = zone.first_instant_of(*day);
                assert_eq!(zone.date_of(begins), *day, "{zone} {day}");
                assert!(zone.date_of(begins.plus(Duration::seconds(-1))) < *day, "{zone} {day}");
            }
        }
    }

    #[test]
    fn the_date_of_an_instant_is_what_the_wall_shows_there() {
        let at: Instant = "2026-11-21T23:30:00Z".parse().unwrap();
        assert_eq!(TimeZone::parse("Asia/Tokyo").unwrap().date_of(at), date("2026-11-22"));
        assert_eq!(TimeZone::parse("America/New_York").unwrap().date_of(at), date("2026-11-21"));
        assert!(TimeZone::parse("Mars/Base").is_err());
    }
}
