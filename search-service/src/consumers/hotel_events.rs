//! `hotel.events`: hotels and rooms, each whole.

use async_trait::async_trait;
use domain::event::{HotelEvent, read_hotel_event};
use events::consumer::{Handler, Record, Verdict};

use super::{checked, told};
use crate::merge::Merger;

/// Merges hotels and rooms into the index.
#[derive(Clone)]
pub struct HotelEvents {
    merger: Merger,
}

impl HotelEvents {
    /// A handler that merges with `merger`.
    pub fn new(merger: Merger) -> Self {
        Self { merger }
    }
}

#[async_trait]
impl Handler for HotelEvents {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        let events: Vec<_> = records.iter().map(event).collect();
        let merged = self.merger.hotels_and_rooms(&events.iter().flatten().collect::<Vec<_>>()).await;
        told(events, merged)
    }
}

fn event(record: &Record) -> Result<HotelEvent, Verdict> {
    let payload = record.payload.as_deref();
    let payload =
        payload.ok_or_else(|| Verdict::reject("a tombstone, but hotels and rooms are never deleted"))?;
    checked(record, read_hotel_event(payload), HotelEvent::key)
}
