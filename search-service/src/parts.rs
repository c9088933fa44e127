//! What the handlers are given.

use std::sync::Arc;

use platform::clock::Clock;

use crate::{freshness::Freshness, index::Index};

/// What every handler is given. Cheap to clone.
pub type Shared = Arc<Parts>;

/// The index and what is told beside its answers.
pub struct Parts {
    pub index: Arc<dyn Index>,
    /// Decides which dates have passed.
    pub clock: Arc<dyn Clock>,
    /// Whether the index is up to date.
    pub freshness: Freshness,
}
