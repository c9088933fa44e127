//! What is for sale in a round, and what is asked for.

use chrono::{Days, NaiveDate};

/// Rooms, units and nights of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scene {
    pub(crate) rooms: u32,
    pub(crate) rooms_per_hotel: u32,
    /// Of each room on each night.
    pub(crate) units: u32,
    pub(crate) nights: u32,
    /// Bookings of other hotels that are in the table before.
    pub(crate) filled: u32,
}

impl Scene {
    /// One room that nobody sells out.
    pub(crate) const HOT: Self =
        Self { rooms: 1, rooms_per_hotel: 1, units: 50_000_000, nights: 4, filled: 0 };
}

/// The first night on sale: far enough from today that no rule of arrival meets it.
pub(crate) fn first_night(today: NaiveDate) -> NaiveDate {
    today.checked_add_days(Days::new(30)).unwrap_or(today)
}
