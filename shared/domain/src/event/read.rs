//! Records as events: every reader of a topic reads it here, so that all pass by what only a newer writer knows.

use serde::{Deserialize, de::DeserializeOwned};

use super::{AvailabilityChanged, BookingEvent, BookingHappening, CloudEvent, hotel_key, kind, room_key};
use crate::{
    booking::BookingStatus,
    hotel::{HotelChanged, RoomChanged},
    ids::BookingId,
    instant::Instant,
};

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

/// What an event of `booking.events` tells before the booking's facts, which are by far its larger part: enough to see whether
/// a reader is concerned at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct BookingHead {
    /// The booking.
    pub booking_id: BookingId,
    /// Where it stands after the event.
    pub status: BookingStatus,
    /// When it changed so.
    pub updated_at: Instant,
}

#[derive(Deserialize)]
struct OfBooking {
    data: BookingBefore,
}

#[derive(Deserialize)]
struct BookingBefore {
    booking: BookingHead,
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

/// Reads of a record of `booking.events` only whose it is and where that one stands; none if its type is a newer writer's. The
/// facts may be anything.
pub fn read_booking_head(
    payload: &[u8],
) -> Result<Option<(BookingHappening, BookingHead)>, serde_json::Error> {
    let Some(happening) = BookingHappening::of_kind(&kind_of(payload)?) else { return Ok(None) };
    let event: OfBooking = serde_json::from_slice(payload)?;
    Ok(Some((happening, event.data.booking)))
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
        assert!(matches!(read_booking_head(newer), Ok(None)));
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
        assert!(read_booking_head(&body(BookingHappening::Booked.kind())).is_err());
        assert!(read_booking_head(b"{}").is_err());
    }

    #[test]
    fn a_head_is_read_whatever_the_facts_are() {
        let kind = BookingHappening::Cancelled.kind();
        let id = BookingId::from_uuid(uuid::Uuid::from_u128(7));
        let event = format!(
            r#"{{"type": "{kind}", "data": {{"from": 1, "booking":
                {{"facts": ["?"], "updated_at": "1970-01-01T00:00:07Z", "status": "CANCELLED", "booking_id": "{id}"}}}}}}"#
        );
        let updated_at = Instant::from_epoch_micros(7_000_000).unwrap();
        let head = BookingHead { booking_id: id, status: BookingStatus::Cancelled, updated_at };
        assert_eq!(read_booking_head(event.as_bytes()).unwrap(), Some((BookingHappening::Cancelled, head)));
        assert!(read_booking_event(event.as_bytes()).is_err());
    }
}
