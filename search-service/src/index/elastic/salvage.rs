//! Stored documents, each read on its own: of one that cannot be read as a whole, those of its parts that can be.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::{HotelId, RoomId};
use serde::Deserialize;
use serde_json::{Error, value::RawValue};
use uuid::Uuid;

use super::readable;
use crate::domain::document::{HotelDocument, HotelPart, Night, Part, RoomDocument};

/// One that cannot be read counts as not heard of: the hotel's next event brings all of it.
pub(super) fn hotel(id: HotelId, source: &RawValue) -> HotelDocument {
    let read = readable::<HotelDocument>("hotel", &id, source);
    HotelDocument { hotel_id: id, hotel: read.and_then(|document| document.hotel) }
}

/// What cannot be read of it is named in its `unread`.
pub(super) fn room(id: RoomId, source: &RawValue) -> RoomDocument {
    let read = readable::<RoomDocument>("room", &id, source);
    read.map_or_else(|| parts(id, source), |document| RoomDocument { room_id: id, ..document })
}

fn parts(id: RoomId, source: &RawValue) -> RoomDocument {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(source.get()).unwrap_or_default();
    let mut document = RoomDocument::new(id, HotelId::from_uuid(Uuid::nil()));
    let mut unread = Vec::new();
    match hotel_part(&fields) {
        Ok((hotel_id, hotel)) => (document.hotel_id, document.hotel) = (hotel_id, hotel),
        Err(_) => unread.push(Part::Hotel),
    }
    match field(&fields, "room") {
        Ok(room) => document.room = room,
        Err(_) => unread.push(Part::Room),
    }
    let nights = field::<BTreeMap<NaiveDate, &RawValue>>(&fields, "nights");
    unread.extend(nights.is_err().then_some(Part::Nights));
    for (date, night) in nights.into_iter().flatten() {
        match serde_json::from_str::<Night>(night.get()) {
            Ok(night) => _ = document.nights.insert(date, night),
            Err(_) => unread.push(Part::Night(date)),
        }
    }
    document.unread.extend(unread);
    document
}

fn hotel_part(fields: &BTreeMap<String, &RawValue>) -> Result<(HotelId, Option<HotelPart>), Error> {
    Ok((field(fields, "hotel_id")?, field(fields, "hotel")?))
}

fn field<'a, T: Deserialize<'a>>(fields: &BTreeMap<String, &'a RawValue>, name: &str) -> Result<T, Error> {
    serde_json::from_str(fields.get(name).map_or("null", |source| source.get()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::samples;

    fn night(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 12, day).unwrap()
    }

    /// A sound document, and what is read of it with this value in the place that a pointer names.
    fn damaged(pointer: &str, value: Value) -> (RoomDocument, RoomDocument) {
        let mut sound = samples::room_in(&samples::hotel("Paradiso", "Rome", "IT"));
        for day in [24, 25] {
            sound.hear_night(night(day), Night { available: 0, version: 1 });
        }
        let mut source = json!(sound);
        *source.pointer_mut(pointer).unwrap() = value;
        let read = room(sound.room_id, &RawValue::from_string(source.to_string()).unwrap());
        (sound, read)
    }

    #[test]
    fn of_a_damaged_document_everything_else_is_read_and_what_is_damaged_is_named() {
        for (pointer, part) in [
            ("/hotel_id", Part::Hotel),
            ("/hotel", Part::Hotel),
            ("/hotel/version", Part::Hotel),
            ("/room", Part::Room),
            ("/room/price_min/currency", Part::Room),
            ("/nights/2026-12-25/available", Part::Night(night(25))),
            ("/nights", Part::Nights),
        ] {
            let (sound, read) = damaged(pointer, json!("?"));
            assert_eq!(read.unread.iter().copied().collect::<Vec<_>>(), [part], "{pointer}");
            assert_eq!(read.hotel == sound.hotel, part != Part::Hotel, "{pointer}");
            assert_eq!(read.room == sound.room, part != Part::Room, "{pointer}");
            let is_of_nights = matches!(part, Part::Night(_) | Part::Nights);
            assert_eq!(read.nights == sound.nights, !is_of_nights, "{pointer}");
        }
        let (sound, read) = damaged("/room_id", json!("?"));
        assert_eq!(read, sound, "a document's id is known without it");
    }

    #[test]
    fn a_part_that_is_heard_anew_mends_its_own_damage() {
        let hotel = samples::hotel("Paradiso", "Rome", "IT");
        let (_, mut read) = damaged("/room", json!(1));
        assert!(read.hear_room(&samples::room(&hotel, "Double")) && read.unread.is_empty());
        let (_, mut read) = damaged("/hotel", json!(1));
        assert!(read.hear_hotel(&HotelPart::from(&hotel)) && read.unread.is_empty());
        let (_, mut read) = damaged("/nights/2026-12-25", json!(1));
        assert!(read.hear_night(night(25), Night { available: 1, version: 1 }) && read.unread.is_empty());
        let (_, mut read) = damaged("/nights/2026-12-25", json!(1));
        assert!(!read.forget_night(night(26)) && read.forget_night(night(25)) && read.unread.is_empty());
        let (_, mut read) = damaged("/nights/2026-12-25", json!(1));
        assert!(read.forget_past("2026-12-25T23:30:00Z".parse().unwrap()) && read.unread.is_empty());
    }
}
