//! The API: who searches, and what they see.

mod hotel_page;
mod search;
mod views;

use std::sync::Arc;

use platform::{
    api::{Problem, Routes},
    clock::Clock,
};

use crate::{
    freshness::Freshness,
    index::{Index, IndexError},
};

/// What handlers are given.
#[derive(Clone)]
pub struct Ports {
    /// The index.
    pub index: Arc<dyn Index>,
    /// Decides which dates have passed.
    pub clock: Arc<dyn Clock>,
    /// Whether the index is up to date.
    pub freshness: Freshness,
}

/// Every operation.
pub fn routes() -> Routes<Ports> {
    Routes::new()
        .resource("/v1/search", [search::endpoint()])
        .resource("/v1/search/hotels/{hotel_id}", [hotel_page::endpoint()])
}

/// An index that is down, slow or refuses us is 503: nothing else depends on it, and it may be back in a moment.
impl From<IndexError> for Problem {
    fn from(error: IndexError) -> Self {
        Self::unavailable(error)
    }
}
