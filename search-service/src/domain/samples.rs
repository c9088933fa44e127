//! Hotels, rooms and nights for tests.

use domain::{
    CountryCode, Currency, Email, GeoPoint, HotelId, Instant, LocalityId, Money, RoomId, TimeZone,
    facility::FacilityCode,
    hotel::{Address, Contact, HotelChanged, LocalityFacts, RoomChanged},
};
use uuid::Uuid;

use super::document::{HotelPart, RoomDocument};

pub(crate) fn now() -> Instant {
    "2026-11-21T19:00:00Z".parse().unwrap()
}

pub(crate) fn named(text: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes())
}

pub(crate) fn euros(cents: i64) -> Money {
    Money::new(cents, Currency::parse("EUR").unwrap()).unwrap()
}

pub(crate) fn codes(tags: &[&str]) -> Vec<FacilityCode> {
    tags.iter().map(|tag| FacilityCode::parse(tag).unwrap()).collect()
}

/// An active hotel of three stars, version 1; its id comes from its name.
pub(crate) fn hotel(name: &str, city: &str, country: &str) -> HotelChanged {
    let centre = GeoPoint::parse(41.9, 12.5).unwrap();
    HotelChanged {
        hotel_id: HotelId::from_uuid(named(name)),
        owner_id: named("owner"),
        region: "eu".to_owned(),
        name: name.to_owned(),
        description: String::new(),
        locality: LocalityFacts {
            locality_id: LocalityId::from_uuid(named(city)),
            name: city.to_owned(),
            country_code: CountryCode::parse(country).unwrap(),
            point: centre,
            names: vec![domain::fold::fold(city)],
        },
        address: Address { line1: "Via Roma 1".to_owned(), line2: None, postal_code: None },
        point: centre,
        time_zone: TimeZone::parse("Europe/Rome").unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        star_rating: Some(3),
        facilities: Vec::new(),
        contact: Contact { email: Email::parse("desk@hotel.example").unwrap(), phone: None },
        check_in_time: chrono::NaiveTime::MIN,
        check_out_time: chrono::NaiveTime::MIN,
        images: Vec::new(),
        is_active: true,
        version: 1,
        created_at: now(),
        updated_at: now(),
    }
}

/// An active room for two, three units at 100.00 to 200.00 euros, version 1; its id comes from both names.
pub(crate) fn room(hotel: &HotelChanged, name: &str) -> RoomChanged {
    RoomChanged {
        room_id: RoomId::from_uuid(named(&format!("{}/{name}", hotel.name))),
        hotel_id: hotel.hotel_id,
        display_name: name.to_owned(),
        description: String::new(),
        quantity: 3,
        occupancy: 2,
        price_min: euros(10_000),
        price_max: euros(20_000),
        facilities: Vec::new(),
        images: Vec::new(),
        is_active: true,
        version: 1,
        created_at: now(),
        updated_at: now(),
    }
}

/// The document of one room of a hotel.
pub(crate) fn room_in(hotel: &HotelChanged) -> RoomDocument {
    document(hotel, &room(hotel, "Double"))
}

/// The document of this room of this hotel.
pub(crate) fn document(hotel: &HotelChanged, room: &RoomChanged) -> RoomDocument {
    let mut document = RoomDocument::new(room.room_id, room.hotel_id);
    document.hear_hotel(&HotelPart::from(hotel));
    document.hear_room(room);
    document
}
