//! The nights of a stay.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::invalid::Invalid;

/// How many nights a stay has: 1 to 30.
pub type NightCount = u16;

/// The longest stay in nights (api.md, Stay).
pub const MAX_NIGHTS: NightCount = 30;

/// How many days ahead a stay may begin, counted in the hotel's zone (api.md, Stay).
pub const MAX_DAYS_AHEAD: u64 = 540;

/// The dates of a stay, half-open: from 3 to 5 May takes the nights of 3 and 4 May. 1 to 30 nights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "RawDates")]
pub struct StayDates {
    /// The first night and day of arrival, in the hotel's zone.
    #[schema(value_type = String, format = Date, example = "2026-12-24")]
    start_date: NaiveDate,
    /// The day of departure; its night is not taken.
    #[schema(value_type = String, format = Date, example = "2026-12-26")]
    end_date: NaiveDate,
}

#[derive(Deserialize)]
struct RawDates {
    #[serde(deserialize_with = "crate::date::deserialize")]
    start_date: NaiveDate,
    #[serde(deserialize_with = "crate::date::deserialize")]
    end_date: NaiveDate,
}

impl StayDates {
    /// A stay between two dates: `end_date` after `start_date`, at most 30 nights.
    pub fn parse(start_date: NaiveDate, end_date: NaiveDate) -> Result<Self, Invalid> {
        match end_date.signed_duration_since(start_date).num_days() {
            ..=0 => Err(Invalid::new("inverted", "end_date comes after start_date.")),
            1..=30 => Ok(Self { start_date, end_date }),
            _ => Err(Invalid::out_of_range("A stay has 1 to 30 nights.")),
        }
    }

    /// Whether the stay may be sold when the hotel's calendar shows `today`: from today to 540 days ahead.
    pub fn sellable_on(self, today: NaiveDate) -> Result<Self, Invalid> {
        let last = today.checked_add_days(Days::new(MAX_DAYS_AHEAD)).unwrap_or(NaiveDate::MAX);
        if self.start_date < today {
            Err(Invalid::new("in_the_past", "start_date is today or later, in the hotel's time zone."))
        } else if self.start_date > last {
            Err(Invalid::out_of_range("start_date is at most 540 days ahead."))
        } else {
            Ok(self)
        }
    }

    /// The day of arrival.
    pub const fn start_date(self) -> NaiveDate {
        self.start_date
    }

    /// The day of departure.
    pub const fn end_date(self) -> NaiveDate {
        self.end_date
    }

    /// How many nights, 1 to 30.
    pub fn night_count(self) -> NightCount {
        let days = self.end_date.signed_duration_since(self.start_date).num_days();
        NightCount::try_from(days).unwrap_or(MAX_NIGHTS)
    }

    /// Each night, ascending.
    pub fn nights(self) -> impl Iterator<Item = NaiveDate> + Clone {
        self.start_date.iter_days().take(usize::from(self.night_count()))
    }

    /// Whether the hotel's calendar has passed the day of arrival (details.md: begun when today > `start_date`).
    pub fn begun_on(self, today: NaiveDate) -> bool {
        today > self.start_date
    }

    /// Whether the stay is over (details.md: COMPLETED when the hotel's today > `end_date`).
    pub fn over_on(self, today: NaiveDate) -> bool {
        today > self.end_date
    }
}

impl TryFrom<RawDates> for StayDates {
    type Error = Invalid;

    fn try_from(raw: RawDates) -> Result<Self, Invalid> {
        Self::parse(raw.start_date, raw.end_date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_night_of_departure_is_not_taken() {
        let stay = StayDates::parse(date("2026-05-03"), date("2026-05-05")).unwrap();
        assert_eq!(stay.nights().collect::<Vec<_>>(), [date("2026-05-03"), date("2026-05-04")]);
        assert_eq!(stay.night_count(), 2);
    }

    #[test]
    fn a_stay_has_one_to_thirty_nights() {
        let start = date("2026-05-03");
        for (end, fits) in
            [("2026-05-02", false), ("2026-05-03", false), ("2026-06-02", true), ("2026-06-03", false)]
        {
            assert_eq!(StayDates::parse(start, date(end)).is_ok(), fits, "{end}");
        }
    }

    #[test]
    fn a_stay_is_sold_from_today_to_540_days_ahead() {
        let today = date("2026-05-03");
        let from = |start: &str| {
            let start = date(start);
            StayDates::parse(start, start.succ_opt().unwrap()).unwrap().sellable_on(today).is_ok()
        };
        assert!(!from("2026-05-02"));
        assert!(from("2026-05-03"));
        assert!(from("2027-10-25"));
        assert!(!from("2027-10-26"));
    }

    #[test]
    fn a_stay_has_begun_and_is_over_only_after_its_day() {
        let stay = StayDates::parse(date("2026-05-03"), date("2026-05-05")).unwrap();
        assert!(!stay.begun_on(date("2026-05-03")) && stay.begun_on(date("2026-05-04")));
        assert!(!stay.over_on(date("2026-05-05")) && stay.over_on(date("2026-05-06")));
    }
}
