//! `hotel.events`: hotels and rooms, each whole.

use async_trait::async_trait;
use domain::{
    event::{hotel_key, kind, room_key},
    hotel::{HotelChanged, RoomChanged},
};
use events::consumer::{Handler, Record, Verdict};

use super::{body, envelope, verdict};
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

    async fn read(&self, record: &Record) -> Result<Verdict, Verdict> {
        let payload = record.payload.as_deref();
        let payload =
            payload.ok_or_else(|| Verdict::reject("a tombstone, but hotels and rooms are never deleted"))?;
        let event = envelope(payload)?;
        match event.kind.as_str() {
            kind::HOTEL_CHANGED => {
                let hotel = body(event, &record.key, |hotel: &HotelChanged| hotel_key(hotel.hotel_id))?;
                Ok(verdict(self.merger.hotel_changed(&hotel).await))
            }
            kind::ROOM_CHANGED => {
                let room = body(event, &record.key, |room: &RoomChanged| room_key(room.room_id))?;
                Ok(verdict(self.merger.room_changed(&room).await))
            }
            other => Err(Verdict::reject(format!("the type {other} is not known here"))),
        }
    }
}

#[async_trait]
impl Handler for HotelEvents {
    async fn handle(&self, record: &Record) -> Verdict {
        self.read(record).await.unwrap_or_else(|refused| refused)
    }
}
