//! What bookings were made with, as it was just written or read, for the relay that tells of them next: it need not read it back.
//! Facts never change, so this is what stands in the row, to the byte; what is not here any more is read there.

use std::sync::Arc;

use domain::BookingId;
use moka::{policy::EvictionPolicy, sync::Cache};

/// Some seconds of a crowd, and some 20 MiB. What nobody tells of, or another process, goes when others need its place.
const MOST: u64 = 8_192;

/// Facts, as JSON, of bookings that batches have to do with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FreshFacts(Cache<BookingId, Arc<str>>);

impl Default for FreshFacts {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST).eviction_policy(EvictionPolicy::lru()).build())
    }
}

impl FreshFacts {
    /// Keeps what stands in the booking's row.
    pub(super) fn keep(&self, booking: BookingId, facts: Arc<str>) {
        self.0.insert(booking, facts);
    }

    /// Those of a booking, if they are here; they are not any more then.
    pub(crate) fn take(&self, booking: BookingId) -> Option<Arc<str>> {
        self.0.remove(&booking)
    }
}
