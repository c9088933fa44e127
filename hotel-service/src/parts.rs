//! What the handlers are given.

use std::sync::Arc;

use platform::{clock::Clock, ids::Ids};

use crate::store::{AuditLog, Facilities, Hotels, KeptAnswers, Localities, Rooms};

/// What every handler is given. Cheap to clone.
pub type Shared = Arc<Parts>;

/// The stores, the clock, the source of ids and the rules that are settings.
pub struct Parts {
    pub hotels: Arc<dyn Hotels>,
    pub rooms: Arc<dyn Rooms>,
    pub localities: Arc<dyn Localities>,
    pub facilities: Arc<dyn Facilities>,
    pub audit: Arc<dyn AuditLog>,
    /// Answers kept under idempotency keys.
    pub kept: Arc<dyn KeptAnswers>,
    /// When things are done.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// Rules that are settings.
    pub rules: Rules,
}

/// Rules that are settings.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The region of new hotels.
    pub region: String,
    /// The topic that hotels and rooms are published to.
    pub topic: String,
    /// The longest event in bytes.
    pub most_event_bytes: usize,
    /// How long an answer is kept under its idempotency key, in seconds.
    pub keep_answers_s: u32,
    /// The most hotels an account may have.
    pub most_hotels: u32,
    /// The most rooms a hotel may have.
    pub most_rooms: u32,
}
