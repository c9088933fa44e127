//! The archive: ended bookings for ever, by id, by user, by hotel and month.

pub mod cassandra;

#[cfg(test)]
mod conformance;

use async_trait::async_trait;
use domain::{BookingId, booking::BookingRecord};
use uuid::Uuid;

use crate::list::{HotelList, Position, UserList};

/// Why the archive gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It does not answer, or not in time. A write may have happened: write again, then read back.
    #[error("the archive does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row does not parse: a mistake of ours or damage.
    #[error("an archived booking is corrupt: {0}")]
    Corrupt(String),
}

impl ArchiveError {
    pub(crate) fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(error.into())
    }

    pub(crate) fn corrupt(id: Uuid, why: &dyn std::fmt::Display) -> Self {
        metrics::counter!("corrupt_rows_total", "table" => "archive").increment(1);
        Self::Corrupt(format!("{id}: {why}"))
    }
}

/// Ended bookings (domain.md, Tables). Every write is idempotent and a version never overwrites a newer one.
#[async_trait]
pub trait Archive: Send + Sync {
    /// Writes a booking into all tables. An older version than what is there changes nothing.
    async fn put(&self, record: &BookingRecord) -> Result<(), ArchiveError>;

    /// Reads the booking's row of every table: what they hold if they all hold the same, else none.
    async fn read_back(&self, record: &BookingRecord) -> Result<Option<BookingRecord>, ArchiveError>;

    /// A booking.
    async fn by_id(&self, id: BookingId) -> Result<Option<BookingRecord>, ArchiveError>;

    /// A user's bookings of a view behind `after`, latest arrival first, at most `limit`, without those that are corrupt.
    /// A view that never reaches the archive is empty.
    async fn by_user(
        &self,
        list: &UserList,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Vec<BookingRecord>, ArchiveError>;

    /// A hotel's bookings behind `after`, earliest arrival first, at most `limit`, without those that are corrupt.
    async fn by_hotel(
        &self,
        list: &HotelList,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Vec<BookingRecord>, ArchiveError>;

    /// Whether it answers, for probes.
    async fn ping(&self) -> Result<(), ArchiveError>;
}
