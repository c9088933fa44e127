//! `hotel.events`: hotels and rooms, each whole.

use async_trait::async_trait;
use domain::event::{HotelEvent, read_hotel_event};
use events::consumer::{Handler, Record, Verdict};

use super::{checked, verdict};
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

    async fn merge(&self, event: &HotelEvent) -> Verdict {
        verdict(match event {
            HotelEvent::Hotel(hotel) => self.merger.hotel_changed(hotel).await,
            HotelEvent::Room(room) => self.merger.room_changed(room).await,
        })
    }
}

#[async_trait]
impl Handler for HotelEvents {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        let mut verdicts = Vec::with_capacity(records.len());
        for record in records {
            verdicts.push(self.take(record).await);
            if matches!(verdicts.last(), Some(Verdict::Retry(_))) {
                break;
            }
        }
        verdicts
    }
}

impl HotelEvents {
    async fn take(&self, record: &Record) -> Verdict {
        let Some(payload) = record.payload.as_deref() else {
            return Verdict::reject("a tombstone, but hotels and rooms are never deleted");
        };
        match checked(record, read_hotel_event(payload), HotelEvent::key) {
            Ok(event) => self.merge(&event).await,
            Err(verdict) => verdict,
        }
    }
}
