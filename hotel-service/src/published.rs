//! Events of this service: `hotel.changed` and `room.changed`, each whole (domain.md, Events).

use ::domain::{
    EventId, HotelId, Instant,
    event::{CloudEvent, Occurrence, hotel_key, kind, room_key},
};
use events::outbox::NewEvent;
use serde::Serialize;

use crate::domain::{hotel::Hotel, locality::Locality, room::Room};

/// The `source` of our events.
const SOURCE: &str = "/vacancy/hotel-service";

/// What an event is given beside what it tells.
#[derive(Debug, Clone)]
pub struct Envelope {
    pub id: EventId,
    /// The topic it goes to.
    pub topic: String,
    /// The trace of the work.
    pub traceparent: Option<String>,
    /// The longest event in bytes.
    pub most_bytes: usize,
}

/// An event cannot be written; it is refused now and not when it is published.
#[derive(Debug, thiserror::Error)]
pub enum EventRefused {
    /// It is longer than readers take.
    #[error("the event would have {bytes} bytes, {most} are allowed")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The longest length allowed.
        most: usize,
    },
    /// It cannot be written as JSON: a defect of ours.
    #[error("the event could not be written")]
    Unwritable(#[source] serde_json::Error),
}

/// `hotel.changed`.
pub fn hotel_changed(
    hotel: &Hotel,
    locality: &Locality,
    envelope: Envelope,
) -> Result<NewEvent, EventRefused> {
    let about = About {
        key: hotel_key(hotel.hotel_id),
        hotel: hotel.hotel_id,
        version: hotel.version,
        kind: kind::HOTEL_CHANGED,
        at: hotel.updated_at,
    };
    about.event(hotel.event(locality), envelope)
}

/// `room.changed`.
pub fn room_changed(room: &Room, envelope: Envelope) -> Result<NewEvent, EventRefused> {
    let about = About {
        key: room_key(room.room_id),
        hotel: room.hotel_id,
        version: room.version,
        kind: kind::ROOM_CHANGED,
        at: room.updated_at,
    };
    about.event(room.event(), envelope)
}

struct About {
    key: String,
    hotel: HotelId,
    version: i64,
    kind: &'static str,
    at: Instant,
}

impl About {
    fn event<T: Serialize>(self, data: T, envelope: Envelope) -> Result<NewEvent, EventRefused> {
        let occurrence = Occurrence { kind: self.kind, subject: self.key.clone(), time: self.at };
        let mut event = CloudEvent::new(envelope.id, SOURCE, occurrence, data);
        event.traceparent.clone_from(&envelope.traceparent);
        let payload = serde_json::to_vec(&event).map_err(EventRefused::Unwritable)?;
        if payload.len() > envelope.most_bytes {
            return Err(EventRefused::TooLarge { bytes: payload.len(), most: envelope.most_bytes });
        }
        Ok(NewEvent {
            topic: envelope.topic,
            key: self.key,
            hotel: Some(self.hotel),
            partition_key: self.hotel.to_string(),
            version: self.version,
            payload: Some(payload),
            traceparent: envelope.traceparent,
        })
    }
}
