//! The API: who searches, and what they see.

mod hotel_page;
pub mod parameters;
mod search;
mod views;

use platform::api::{Problem, Routes};

use crate::{index::IndexError, parts::Shared};

/// Every operation.
pub fn routes() -> Routes<Shared> {
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
