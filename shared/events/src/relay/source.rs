//! What entries only name, read when they are told.

use async_trait::async_trait;
use platform::causes::BoxError;

use crate::outbox::{BookingEntry, NewEvent, NightEntry};

/// Makes events of entries that only name what they tell of: the tables that hold the rest are the service's.
#[async_trait]
pub trait Source: Send + Sync {
    /// The events of these transitions, in their order; none for one whose booking is nowhere.
    async fn bookings(&self, entries: &[BookingEntry]) -> Result<Vec<Option<NewEvent>>, BoxError>;
    /// These nights, no two alike, as the primary has them after the call began. One that is left out is not told.
    async fn nights(&self, entries: &[NightEntry]) -> Result<Vec<NewEvent>, BoxError>;
}
