//! The search index: the port, and what goes through it.

use async_trait::async_trait;
use chrono::NaiveDate;
use domain::{Currency, HotelId, RoomId};

use crate::domain::{
    criteria::Criteria,
    document::{HotelDocument, RoomDocument},
    entry::ShownRoom,
    facets::Facets,
    page::Window,
    ranking::{Cost, Sort},
};

pub mod elastic;
pub mod memory;

/// Any failure of the index's server, with its sources.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why the index did not do it.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// It does not answer, or not in time: the same may work later.
    #[error("the search index does not answer")]
    Unavailable(#[source] BoxError),
    /// It refused the request or answered what we cannot read: a defect.
    #[error("the search index refused: {0}")]
    Refused(String),
    /// Its mapping is older than this program and knows a field not yet: `migrate` or a rebuild brings it up to date.
    #[error("the search index has an older mapping (run migrate): {0}")]
    Outdated(String),
}

/// Names one state of a stored document; none for a document that is not stored yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Raised by every write.
    pub seq_no: u64,
    /// Raised by every change of the primary.
    pub primary_term: u64,
}

/// A document and the state it was read in.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamped<T> {
    pub document: T,
    /// Where it was when read.
    pub stamp: Option<Stamp>,
}

/// What became of a guarded write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// It is written.
    Written,
    /// Somebody else wrote first: read again.
    Conflict,
    /// The index will never take this document; why.
    Refused(String),
}

/// A search as an index sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Which rooms.
    pub criteria: Criteria,
    /// The order of their hotels.
    pub sort: Sort,
    /// Which part of the list.
    pub window: Window,
    /// The nights whose availability is shown.
    pub nights: Vec<NaiveDate>,
    /// Whether facets are counted; with price bands of a currency if one is given.
    pub facets: Option<Option<Currency>>,
}

/// One hotel of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The room that is shown.
    pub room: ShownRoom,
    /// What the words cost in the hotel's best room.
    pub cost: Cost,
}

/// A part of the list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hits {
    /// Hotels in order, without those whose document cannot be read.
    pub hits: Vec<Hit>,
    /// What the words cost in the first of them, also if that one is left out.
    pub least: Option<Cost>,
    /// Whether hotels follow.
    pub more: bool,
    /// About how many hotels there are.
    pub total: u64,
    /// If they were wanted.
    pub facets: Option<Facets>,
}

/// The rooms of one hotel that may be shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RoomList {
    /// The cheapest first.
    pub rooms: Vec<RoomDocument>,
    /// How many there are in all.
    pub total: u64,
}

/// The search index. Searches see a write after a moment; loads see it at once.
#[async_trait]
pub trait Index: Send + Sync {
    /// A hotel's document; a new one if it is not stored or cannot be read.
    async fn load_hotel(&self, hotel: HotelId) -> Result<Stamped<HotelDocument>, IndexError> {
        let new = || Stamped { document: HotelDocument::new(hotel), stamp: None };
        Ok(self.load_hotels(&[hotel]).await?.pop().unwrap_or_else(new))
    }

    /// The stored ones of these hotels; one that cannot be read counts as not heard of.
    async fn load_hotels(&self, hotels: &[HotelId]) -> Result<Vec<Stamped<HotelDocument>>, IndexError>;

    /// The stored ones of these rooms, each as far as it can be read.
    async fn load_rooms(&self, rooms: &[RoomId]) -> Result<Vec<Stamped<RoomDocument>>, IndexError>;

    /// Writes those hotels' documents that are still as read; tells for each, in order.
    async fn store_hotels(&self, hotels: &[Stamped<HotelDocument>]) -> Result<Vec<Stored>, IndexError>;

    /// Writes those rooms' documents that are still as read; tells for each, in order.
    async fn store_rooms(&self, rooms: &[Stamped<RoomDocument>]) -> Result<Vec<Stored>, IndexError>;

    /// Searches.
    async fn search(&self, query: &Query) -> Result<Hits, IndexError>;

    /// Counts the rooms that each criteria mean.
    async fn count(&self, all: &[Criteria]) -> Result<Vec<u64>, IndexError>;

    /// The rooms of a hotel that may be shown, at most `most`; each as far as it can be read.
    async fn rooms_of(&self, hotel: HotelId, most: u32) -> Result<RoomList, IndexError>;

    /// At most `most` rooms of these hotels that follow `after`, by id, each with its hotel, hidden ones too; those that
    /// searches see.
    async fn room_ids_of(
        &self,
        hotels: &[HotelId],
        after: Option<RoomId>,
        most: u32,
    ) -> Result<Vec<(RoomId, HotelId)>, IndexError>;

    /// Lets searches see every write that was answered.
    async fn refresh(&self) -> Result<(), IndexError>;
}

#[cfg(test)]
mod conformance;
