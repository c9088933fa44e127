//! Which bookings a list holds and in which order, the same for MySQL and the archive.

use chrono::{Datelike, Months, NaiveDate};
use domain::{
    BookingId, HotelId, Instant, RoomId, UserId,
    booking::{BookingRecord, BookingStatus},
    ids::ConfirmationNumber,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A place in a list: its order is by day of arrival, ties by id. Serialised into page tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The day of arrival.
    pub start_date: NaiveDate,
    /// The booking.
    pub booking_id: BookingId,
}

impl Position {
    /// Where a booking stands.
    pub fn of(record: &BookingRecord) -> Self {
        Self { start_date: record.dates.start_date(), booking_id: record.booking_id }
    }
}

/// The direction of a list; ties go the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// Earliest arrival first.
    Ascending,
    /// Latest arrival first.
    Descending,
}

impl Order {
    /// Whether `a` comes strictly before `b`.
    pub fn before(self, a: Position, b: Position) -> bool {
        match self {
            Self::Ascending => a < b,
            Self::Descending => a > b,
        }
    }

    /// How two places compare in this order.
    pub fn compare(self, a: Position, b: Position) -> std::cmp::Ordering {
        match self {
            Self::Ascending => a.cmp(&b),
            Self::Descending => b.cmp(&a),
        }
    }
}

/// Which of one's own bookings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BookingsView)]
pub enum View {
    /// RESERVED and BOOKED, also during the stay; earliest first.
    Upcoming,
    /// COMPLETED; latest first.
    Past,
    /// CANCELLED; latest first.
    Cancelled,
    /// Every one; latest first.
    All,
}

impl View {
    /// The statuses it holds.
    pub const fn statuses(self) -> &'static [BookingStatus] {
        match self {
            Self::Upcoming => &[BookingStatus::Reserved, BookingStatus::Booked],
            Self::Past => &[BookingStatus::Completed],
            Self::Cancelled => &[BookingStatus::Cancelled],
            Self::All => BookingStatus::ALL,
        }
    }

    /// Its order.
    pub const fn order(self) -> Order {
        match self {
            Self::Upcoming => Order::Ascending,
            Self::Past | Self::Cancelled | Self::All => Order::Descending,
        }
    }

    /// Whether the archive may hold one of them: only ended bookings are archived.
    pub const fn reaches_archive(self) -> bool {
        match self {
            Self::Upcoming => false,
            Self::Past | Self::Cancelled | Self::All => true,
        }
    }
}

/// A list of one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserList {
    /// Whose.
    pub user_id: UserId,
    /// Which of them.
    pub view: View,
    /// The day it is in UTC: nothing that arrives much later is COMPLETED, so nobody looks for it there.
    pub today: NaiveDate,
}

impl UserList {
    /// Whether it holds the booking.
    pub fn holds(&self, record: &BookingRecord) -> bool {
        record.user_id == self.user_id && self.view.statuses().contains(&record.status)
    }

    /// The last day of arrival that a booking of this status can have; a zone is at most a day ahead of UTC.
    pub(crate) fn last_arrival(&self, status: BookingStatus) -> Option<NaiveDate> {
        (status == BookingStatus::Completed).then(|| self.today.succ_opt()).flatten()
    }
}

/// Which of a hotel's bookings; earliest arrival first (api.md, LISTS).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct HotelList {
    /// The hotel.
    pub hotel_id: HotelId,
    /// The first day of arrival.
    pub start_from: NaiveDate,
    /// The last day of arrival.
    pub start_to: NaiveDate,
    /// Only these; none for every status.
    pub status: Option<BookingStatus>,
    /// Only with a line of this room.
    pub room_id: Option<RoomId>,
    /// Only changed at or after.
    pub updated_since: Option<Instant>,
    /// Only this one.
    pub confirmation_number: Option<ConfirmationNumber>,
}

impl HotelList {
    /// Its order.
    pub const ORDER: Order = Order::Ascending;

    /// Whether it holds the booking.
    pub fn holds(&self, record: &BookingRecord) -> bool {
        let start = record.dates.start_date();
        record.hotel_id == self.hotel_id
            && (self.start_from..=self.start_to).contains(&start)
            && self.status.is_none_or(|status| record.status == status)
            && self.room_id.is_none_or(|room| record.facts.lines.iter().any(|line| line.room_id == room))
            && self.updated_since.is_none_or(|since| record.updated_at >= since)
            && self
                .confirmation_number
                .as_ref()
                .is_none_or(|number| record.booking_id.confirmation_number() == *number)
    }

    /// Whether the archive may hold one of them.
    pub fn reaches_archive(&self) -> bool {
        self.status.is_none_or(BookingStatus::has_ended)
    }

    /// The months of arrival from `after` (or the first day) on, as the archive's partitions name them: `2026-12`.
    pub fn months(&self, after: Option<Position>) -> impl Iterator<Item = String> + use<> {
        let first = after.map_or(self.start_from, |position| position.start_date.max(self.start_from));
        let last = self.start_to;
        let begin = first.with_day(1).unwrap_or(first);
        std::iter::successors(Some(begin), |month| month.checked_add_months(Months::new(1)))
            .take_while(move |month| *month <= last && begin <= last)
            .map(year_month)
    }
}

/// The archive's name of a month: `2026-12`.
pub fn year_month(date: NaiveDate) -> String {
    date.format("%Y-%m").to_string()
}

/// A confirmation number's 50 bits: the last ones of the booking's id.
pub(crate) fn confirmation_bits(number: &ConfirmationNumber) -> i64 {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let digits = number.as_str().bytes().filter(|digit| *digit != b'-');
    digits.fold(0, |bits, digit| {
        let value = ALPHABET.iter().position(|letter| *letter == digit).unwrap_or_default();
        (bits << 5) | i64::try_from(value).unwrap_or_default()
    })
}
