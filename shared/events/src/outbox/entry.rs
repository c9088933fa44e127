//! What a row of the outbox tells: entries, written as JSON, so that an operator can read them in the database.

use chrono::NaiveDate;
use domain::{BookingId, HotelId, RoomId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{NewEvent, lane_of};

/// One thing to be told. Some only name what they tell of; the relay asks [`crate::relay::Source`] for the rest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A record as it is published.
    Record(NewEvent),
    /// A transition of a booking.
    Booking(BookingEntry),
    /// A night that was touched: what it is, is read when it is told.
    Night(NightEntry),
}

/// A transition of a booking, without the facts that never change: they stand with the booking, once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BookingEntry {
    /// Its hotel: all of a hotel goes through one lane.
    pub hotel_id: HotelId,
    /// The booking.
    pub booking_id: BookingId,
    /// The version that it has after the transition.
    pub version: i64,
    /// The event, with a gap where the facts go.
    pub event: Box<RawValue>,
    /// The facts of a booking that was purged before: they stand nowhere else here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Box<RawValue>>,
    /// The trace context of the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// A night that was touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NightEntry {
    /// The room's hotel.
    pub hotel_id: HotelId,
    /// The room.
    pub room_id: RoomId,
    /// The night.
    pub date: NaiveDate,
    /// The trace context of the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

impl Entry {
    /// The lane it goes through.
    pub fn lane(&self) -> u8 {
        match self {
            Self::Record(event) => event.lane(),
            Self::Booking(booking) => lane_of(booking.hotel_id),
            Self::Night(night) => lane_of(night.hotel_id),
        }
    }
}

impl From<NewEvent> for Entry {
    fn from(event: NewEvent) -> Self {
        Self::Record(event)
    }
}

/// A payload, which is JSON, as it is: as bytes here, as itself inside the entry.
pub(super) mod payload {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, ser::Error as _};
    use serde_json::value::RawValue;

    #[expect(clippy::ref_option, reason = "so serde hands a field over")]
    pub(in crate::outbox) fn serialize<S: Serializer>(
        payload: &Option<Vec<u8>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let text: Option<&RawValue> =
            payload.as_deref().map(serde_json::from_slice).transpose().map_err(S::Error::custom)?;
        text.serialize(to)
    }

    pub(in crate::outbox) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<Box<RawValue>>::deserialize(from)?;
        Ok(text.map(|text| Box::<str>::from(text).into_string().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(payload: Option<&[u8]>) -> NewEvent {
        NewEvent {
            topic: "hotel.events".to_owned(),
            key: "hotel/1".to_owned(),
            hotel: None,
            partition_key: "1".to_owned(),
            version: 7,
            payload: payload.map(<[u8]>::to_vec),
            traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        }
    }

    fn read(entry: &Entry) -> Entry {
        serde_json::from_str(&serde_json::to_string(entry).unwrap()).unwrap()
    }

    #[test]
    fn a_record_comes_back_byte_for_byte() {
        for payload in [Some(&br#"{"b": [1.50, "\u00e9\"'"], "a":null}"#[..]), None] {
            let written = event(payload);
            let Entry::Record(back) = read(&written.clone().into()) else { panic!("another kind") };
            assert_eq!(back, written);
        }
    }

    #[test]
    fn a_payload_that_is_no_json_is_refused_when_it_is_written() {
        for payload in [&b"k@1"[..], b"{", b"\xff"] {
            assert!(serde_json::to_string(&Entry::Record(event(Some(payload)))).is_err());
        }
    }

    #[test]
    fn a_booking_and_a_night_go_through_the_lane_of_their_hotel_and_come_back() {
        let hotel_id: HotelId = "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e71".parse().unwrap();
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let booking = Entry::Booking(BookingEntry {
            hotel_id,
            booking_id: "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e72".parse().unwrap(),
            version: 3,
            event: raw(r#"{"data":{"booking":{"facts":null}}}"#),
            facts: Some(raw(r#"{"lines": []}"#)),
            traceparent: None,
        });
        let night = NightEntry {
            hotel_id,
            room_id: "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e73".parse().unwrap(),
            date: "2026-12-24".parse().unwrap(),
            traceparent: None,
        };
        assert_eq!(booking.lane(), lane_of(hotel_id));
        let (text, back) = (serde_json::to_string(&booking).unwrap(), read(&booking));
        assert_eq!(serde_json::to_string(&back).unwrap(), text);
        let Entry::Night(back) = read(&Entry::Night(night.clone())) else { panic!("another kind") };
        assert_eq!(back, night);
    }
}
