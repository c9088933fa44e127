//! Which list is asked for, and what each store gives of it.

use domain::{UserId, booking::BookingRecord};
use records::{ActiveBookings, Archive, ArchiveError, Head, HotelList, Order, Place, ReadError, View};

/// A list.
#[derive(Debug, Clone)]
pub enum Wish {
    /// A user's own.
    OfUser(UserId, View),
    /// A hotel's.
    OfHotel(HotelList),
}

impl Wish {
    pub(super) const fn order(&self) -> Order {
        match self {
            Self::OfUser(_, view) => view.order(),
            Self::OfHotel(_) => HotelList::ORDER,
        }
    }

    pub(super) fn reaches_archive(&self) -> bool {
        match self {
            Self::OfUser(_, view) => view.reaches_archive(),
            Self::OfHotel(list) => list.reaches_archive(),
        }
    }

    /// Whether the list (still) holds the booking.
    pub(super) fn holds(&self, record: &BookingRecord) -> bool {
        match self {
            Self::OfUser(user, view) => record.user_id == *user && view.holds(record),
            Self::OfHotel(list) => list.holds(record),
        }
    }

    pub(super) async fn active(
        &self,
        store: &ActiveBookings,
        after: Option<Place>,
        limit: u32,
    ) -> Result<Vec<Head>, ReadError> {
        match self {
            Self::OfUser(user, view) => store.of_user(*user, *view, after, limit).await,
            Self::OfHotel(list) => store.of_hotel(list, after, limit).await,
        }
    }

    pub(super) async fn archived(
        &self,
        store: &dyn Archive,
        after: Option<Place>,
        limit: u32,
    ) -> Result<Vec<BookingRecord>, ArchiveError> {
        match self {
            Self::OfUser(user, view) => store.by_user(*user, *view, after, limit).await,
            Self::OfHotel(list) => store.by_hotel(list, after, limit).await,
        }
    }
}
