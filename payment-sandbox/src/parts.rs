//! What the handlers are given.

use std::sync::Arc;

use crate::{domain::link::Links, page::Pages, settings::Settings, store::Store};

/// What every handler is given. Cheap to clone.
pub type Shared = Arc<Parts>;

/// The store and what answers are made with.
pub struct Parts {
    /// The book and its journal.
    pub store: Arc<Store>,
    /// Checks checkout links.
    pub links: Links,
    /// Renders the checkout.
    pub pages: Pages,
    /// The merchant's key, and whether the clock may be moved.
    pub settings: Settings,
}
