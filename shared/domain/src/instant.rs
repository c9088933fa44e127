//! A moment in UTC, to the microsecond.

use std::{fmt, str::FromStr};

use chrono::{DateTime, NaiveDateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::invalid::Invalid;

/// A moment in UTC, to the microsecond, written as RFC 3339 with six digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, format = DateTime, example = "2026-11-21T19:23:00.000000Z")]
pub struct Instant(DateTime<Utc>);

impl Instant {
    /// The moment, cut to microseconds.
    pub fn from_utc(at: DateTime<Utc>) -> Self {
        Self(at.trunc_subsecs(6))
    }

    /// From a stored `datetime(6)`, which is in UTC.
    pub fn from_naive_utc(at: NaiveDateTime) -> Self {
        Self::from_utc(at.and_utc())
    }

    /// As chrono's type.
    pub const fn utc(self) -> DateTime<Utc> {
        self.0
    }

    /// As stored in a `datetime(6)`.
    pub fn naive_utc(self) -> NaiveDateTime {
        self.0.naive_utc()
    }

    /// Microseconds since 1970, never negative for a moment of ours.
    pub fn epoch_micros(self) -> i64 {
        self.0.timestamp_micros()
    }

    /// The moment `micros` microseconds after 1970; none beyond what the calendar holds.
    pub fn from_epoch_micros(micros: i64) -> Option<Self> {
        DateTime::from_timestamp_micros(micros).map(Self)
    }

    /// Later by `delta` (earlier if it is negative); at the calendar's end it stays there.
    #[must_use]
    pub fn plus(self, delta: TimeDelta) -> Self {
        let end = if delta < TimeDelta::zero() { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
        Self::from_utc(self.0.checked_add_signed(delta).unwrap_or(end))
    }

    /// How long from `earlier` to this; negative if `earlier` is later.
    pub fn since(self, earlier: Self) -> TimeDelta {
        self.0.signed_duration_since(earlier.0)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl FromStr for Instant {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        DateTime::parse_from_rfc3339(text)
            .map(|at| Self::from_utc(at.with_timezone(&Utc)))
            .map_err(|_| Invalid::malformed("An RFC 3339 instant such as 2026-11-21T19:23:00.000000Z."))
    }
}

impl TryFrom<String> for Instant {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Instant> for String {
    fn from(at: Instant) -> Self {
        at.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_in_utc_with_six_digits_and_reads_back() {
        let at: Instant = "2026-11-21T20:23:00.1234567+01:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-11-21T19:23:00.123456Z");
        assert_eq!(at.to_string().parse::<Instant>().unwrap(), at);
    }

    #[test]
    fn arithmetic_stops_at_the_calendars_end() {
        let end = Instant::from_utc(DateTime::<Utc>::MAX_UTC);
        assert_eq!(end.plus(TimeDelta::days(1)).epoch_micros(), end.epoch_micros());
    }
}
