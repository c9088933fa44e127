//! The ports to the hotel database: one per aggregate. `mysql` is the adapter for servers.

#[cfg(test)]
mod conformance;
pub mod mysql;
mod sql;

use std::collections::HashSet;

use ::domain::{AuditId, CountryCode, HotelId, Instant, LocalityId, RoomId, UserId};
use async_trait::async_trait;
use events::outbox::NewEvent;
use platform::{
    api::page::{Page, PageRequest},
    causes::causes,
    mysql::{DbError, Transient},
};
use serde::Serialize;
use uuid::Uuid;

use crate::domain::{
    audit::Entry,
    catalogue::Catalogue,
    hotel::Hotel,
    locality::{Locality, NewLocality, Place},
    room::Room,
};

/// The database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not answer, or refused the statement.
    #[error("the hotel database does not answer")]
    Unavailable(#[from] DbError),
    /// A row cannot be read as what it should be: a defect, or an edit by hand.
    #[error("{table} {id} cannot be read: {why}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// Its id.
        id: String,
        /// What is wrong with it.
        why: String,
    },
}

impl StoreError {
    /// Counts the row, too: nobody should have to read logs to learn of damage.
    pub(crate) fn corrupt(
        table: &'static str,
        id: &dyn std::fmt::Display,
        why: &(dyn std::error::Error + 'static),
    ) -> Self {
        metrics::counter!("corrupt_rows_total", "table" => table).increment(1);
        Self::Corrupt { table, id: id.to_string(), why: causes(why) }
    }

    /// What a row that is there refers to is not there.
    pub(crate) fn missing(table: &'static str, id: &dyn std::fmt::Display) -> Self {
        Self::corrupt(table, id, &sqlx::Error::RowNotFound)
    }
}

impl Transient for StoreError {
    fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(error) => error.is_transient(),
            Self::Corrupt { .. } => false,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error.into())
    }
}

/// A hotel or room as it shall be, with its audit entry and its event: written together or not at all.
#[derive(Debug, Clone)]
pub struct Revision<T> {
    /// As it shall be.
    pub record: T,
    /// Who changed what.
    pub audit: Entry,
    /// What readers are told.
    pub event: NewEvent,
}

/// An answer kept under its idempotency key, to be given again byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// SHA-256 of account or caller, operation and key.
    pub scope: [u8; 32],
    /// SHA-256 of path and body.
    pub request_hash: [u8; 32],
    /// The operation's stable name.
    pub operation_id: String,
    /// Who called.
    pub user_id: UserId,
    pub status: u16,
    pub location: String,
    /// The version in the `ETag`.
    pub version: i64,
    pub body: Vec<u8>,
    /// How long it is kept, in seconds.
    pub keep_s: u32,
}

/// What came of a creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It is there now.
    Done,
    /// Its id is taken.
    Taken,
    /// There are as many already as there may be.
    Full,
    /// The idempotency key is taken: its answer is kept, or another request is about to keep it.
    KeyTaken,
}

/// What came of a guarded update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// It is written.
    Done,
    /// The row no longer has the version it was decided on.
    Stale,
}

/// Where a part of a list in ascending order begins, and how long it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor<T> {
    /// Only what comes after this one.
    pub after: Option<T>,
    /// At most so many.
    pub limit: u32,
}

impl<P: Copy> From<&PageRequest<P>> for Cursor<P> {
    fn from(page: &PageRequest<P>) -> Self {
        Self { after: page.after, limit: page.size }
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<T, P> {
    /// The items. A row that cannot be read is none: it is left out, logged and counted.
    pub items: Vec<T>,
    /// The place of the last row, readable or not, if more follow.
    pub next: Option<P>,
}

impl<T, P: Serialize> Part<T, P> {
    /// The page that was asked for, of what `view` makes of each item.
    pub fn page<U>(self, asked: &PageRequest<P>, view: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(view).collect(), next_page_token: asked.token(self.next) }
    }
}

/// Hotels.
#[async_trait]
pub trait Hotels: Send + Sync {
    /// Inserts a hotel unless its owner has `most` already, and keeps the answer with it.
    async fn create(
        &self,
        hotel: &Revision<Hotel>,
        answer: &KeptAnswer,
        most: u32,
    ) -> Result<Created, StoreError>;
    /// Replaces a hotel whose row still has the version before `hotel`'s.
    async fn replace(&self, hotel: &Revision<Hotel>) -> Result<Replaced, StoreError>;
    /// A hotel, active or not.
    async fn find(&self, hotel_id: HotelId) -> Result<Option<Hotel>, StoreError>;
    /// Hotels of an owner, or everybody's, by id.
    async fn list(
        &self,
        owner_id: Option<Uuid>,
        cursor: Cursor<HotelId>,
    ) -> Result<Part<Hotel, HotelId>, StoreError>;
    /// Inserts those hotels and rooms whose ids are not taken; says how many hotels and rooms.
    async fn add_missing(
        &self,
        hotels: &[Revision<Hotel>],
        rooms: &[Revision<Room>],
    ) -> Result<(u64, u64), StoreError>;
}

/// Rooms.
#[async_trait]
pub trait Rooms: Send + Sync {
    /// Inserts a room unless its hotel has `most` already, and keeps the answer with it if there is a key.
    async fn create(
        &self,
        room: &Revision<Room>,
        answer: Option<&KeptAnswer>,
        most: u32,
    ) -> Result<Created, StoreError>;
    /// Replaces a room whose row still has the version before `room`'s.
    async fn replace(&self, room: &Revision<Room>) -> Result<Replaced, StoreError>;
    /// A room, active or not, of any hotel.
    async fn find(&self, room_id: RoomId) -> Result<Option<Room>, StoreError>;
    /// Rooms of a hotel, by id.
    async fn list(&self, hotel_id: HotelId, cursor: Cursor<RoomId>)
    -> Result<Part<Room, RoomId>, StoreError>;
}

/// Which localities to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalityFilter {
    /// What the folded usual name begins with.
    pub prefix: String,
    pub country_code: Option<CountryCode>,
}

/// A place in a list of localities: population falling, then id.
pub type LocalityMark = (u64, LocalityId);

/// Localities.
#[async_trait]
pub trait Localities: Send + Sync {
    /// A locality with all its names.
    async fn find(&self, locality_id: LocalityId) -> Result<Option<Locality>, StoreError>;
    /// Localities, the largest first.
    async fn list(
        &self,
        filter: &LocalityFilter,
        cursor: Cursor<LocalityMark>,
    ) -> Result<Part<Place, LocalityMark>, StoreError>;
    /// Which of these ids are taken.
    async fn present(&self, ids: &[LocalityId]) -> Result<HashSet<LocalityId>, StoreError>;
    /// Inserts those whose ids are not taken, at `at`; says how many.
    async fn add_missing(&self, localities: &[NewLocality], at: Instant) -> Result<u64, StoreError>;
}

/// Facilities.
#[async_trait]
pub trait Facilities: Send + Sync {
    /// All that can be read.
    async fn all(&self) -> Result<Catalogue, StoreError>;
}

/// A place in an audit: time falling, then id.
pub type AuditMark = (Instant, AuditId);

/// The audit.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Entries of a hotel and its rooms, the newest first, from before the cursor's mark on.
    async fn list(
        &self,
        hotel_id: HotelId,
        cursor: Cursor<AuditMark>,
    ) -> Result<Part<Entry, AuditMark>, StoreError>;
    /// Deletes at most `chunk` entries older than `keep_days`; says how many.
    async fn purge(&self, keep_days: u32, chunk: u32) -> Result<u64, StoreError>;
}

/// Answers kept under idempotency keys.
#[async_trait]
pub trait KeptAnswers: Send + Sync {
    /// The answer of a scope.
    async fn find(&self, scope: &[u8; 32]) -> Result<Option<KeptAnswer>, StoreError>;
    /// Deletes at most `chunk` answers whose time has passed; says how many.
    async fn purge(&self, chunk: u32) -> Result<u64, StoreError>;
}
