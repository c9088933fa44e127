//! Records as events: every reader of a topic reads it here, so that all pass by what only a newer writer knows.

use serde::{Deserialize, de::DeserializeOwned};

use super::{AvailabilityChanged, BookingEvent, BookingHappening, CloudEvent, hotel_key, kind, room_key};
use crate::hotel::{HotelChanged, RoomChanged};

/// The body of an event of `hotel.events`.
#[derive(Debug, Clone, PartialEq)]
pub enum HotelEvent {
    /// A hotel, whole.
    Hotel(Box<HotelChanged>),
    /// A room, whole.
    Room(Box<RoomChanged>),
}

impl HotelEvent {
    /// The key of its record.
    pub fn key(&self) -> String {
        match self {
            Self::Hotel(hotel) => hotel_key(hotel.hotel_id),
            Self::Room(room) => room_key(room.room_id),
        }
    }
}

/// What tells whether we know the rest.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
}

/// Reads a record of `hotel.events`; none if its type is a newer writer's.
pub fn read_hotel_event(payload: &[u8]) -> Result<Option<HotelEvent>, serde_json::Error> {
    Ok(match kind_of(payload)?.as_str() {
        kind::HOTEL_CHANGED => Some(HotelEvent::Hotel(Box::new(data_of(payload)?))),
        kind::ROOM_CHANGED => Some(HotelEvent::Room(Box::new(data_of(payload)?))),
        _ => None,
    })
}

/// Reads a record of `availability.events`; none if its type is a newer writer's.
pub fn read_availability_event(payload: &[u8]) -> Result<Option<AvailabilityChanged>, serde_json::Error> {
    if kind_of(payload)? == kind::AVAILABILITY_CHANGED { data_of(payload).map(Some) } else { Ok(None) }
}

/// Reads a record of `booking.events`; none if its type is a newer writer's.
pub fn read_booking_event(
    payload: &[u8],
) -> Result<Option<(BookingHappening, CloudEvent<BookingEvent>)>, serde_json::Error> {
    let Some(happening) = BookingHappening::of_kind(&kind_of(payload)?) else { return Ok(None) };
    Ok(Some((happening, serde_json::from_slice(payload)?)))
}

fn kind_of(payload: &[u8]) -> Result<String, serde_json::Error> {
    serde_json::from_slice(payload).map(|envelope: Envelope| envelope.kind)
}

fn data_of<T: DeserializeOwned>(payload: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(payload).map(|event: CloudEvent<T>| event.data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_writers_event_is_passed_by_in_every_topic() {
        let newer = br#"{"type": "vacancy.rates.changed.v1", "data": {"anything": []}}"#;
        assert!(matches!(read_hotel_event(newer), Ok(None)));
        assert!(matches!(read_availability_event(newer), Ok(None)));
        assert!(matches!(read_booking_event(newer), Ok(None)));
    }

    #[test]
    fn garbage_is_refused_in_every_topic() {
        let body = |kind: &str| format!(r#"{{"type": "{kind}", "data": {{"booking": 1}}}}"#).into_bytes();
        for garbage in
            [b"nonsense".to_vec(), b"{}".to_vec(), br#"{"type": 7}"#.to_vec(), body(kind::HOTEL_CHANGED)]
        {
            assert!(read_hotel_event(&garbage).is_err());
        }
        assert!(read_hotel_event(&body(kind::ROOM_CHANGED)).is_err());
        assert!(read_availability_event(&body(kind::AVAILABILITY_CHANGED)).is_err());
        assert!(read_availability_event(b"nonsense").is_err());
        assert!(read_booking_event(&body(BookingHappening::Booked.kind())).is_err());
        assert!(read_booking_event(b"{}").is_err());
    }
}
