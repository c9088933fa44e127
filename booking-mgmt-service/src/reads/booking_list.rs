//! Which list is asked for, and what each store gives of it.

use domain::booking::BookingRecord;
use records::{ActiveBookings, Archive, ArchiveError, Head, HotelList, Order, Position, ReadError, UserList};

/// A list.
#[derive(Debug, Clone)]
pub enum BookingList {
    /// A user's own.
    OfUser(UserList),
    /// A hotel's.
    OfHotel(HotelList),
}

impl BookingList {
    pub(super) const fn order(&self) -> Order {
        match self {
            Self::OfUser(list) => list.view.order(),
            Self::OfHotel(_) => HotelList::ORDER,
        }
    }

    pub(super) fn reaches_archive(&self) -> bool {
        match self {
            Self::OfUser(list) => list.view.reaches_archive(),
            Self::OfHotel(list) => list.reaches_archive(),
        }
    }

    /// Whether the list (still) holds the booking.
    pub(super) fn holds(&self, record: &BookingRecord) -> bool {
        match self {
            Self::OfUser(list) => list.holds(record),
            Self::OfHotel(list) => list.holds(record),
        }
    }

    pub(super) async fn active(
        &self,
        store: &ActiveBookings,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Vec<Head>, ReadError> {
        match self {
            Self::OfUser(list) => store.of_user(list, after, limit).await,
            Self::OfHotel(list) => store.of_hotel(list, after, limit).await,
        }
    }

    pub(super) async fn archived(
        &self,
        store: &dyn Archive,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Vec<BookingRecord>, ArchiveError> {
        match self {
            Self::OfUser(list) => store.by_user(list, after, limit).await,
            Self::OfHotel(list) => store.by_hotel(list, after, limit).await,
        }
    }
}
