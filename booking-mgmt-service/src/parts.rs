//! What the handlers are given.

use std::sync::Arc;

use platform::clock::Clock;

use crate::{reads::Reads, settings::HotelListSettings};

/// What every handler is given. Cheap to clone.
pub type Shared = Arc<Parts>;

/// The stores, the clock and what answers are made with.
pub struct Parts {
    /// Bookings in MySQL, Cassandra and Redis.
    pub reads: Reads,
    /// The booking database's clock.
    pub clock: Arc<dyn Clock>,
    /// The window of a hotel's list.
    pub list: HotelListSettings,
}
