//! The documents of the index, and how parts of different age are merged into them.
//!
//! One document per room and one per hotel. A part (the hotel, the room, a night) carries the version of its source and
//! replaces only an older one, so parts may come late, twice and in any order. Who comes first makes the document; it
//! stays hidden until room and hotel are known (architecture.md, Search documents).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use domain::{
    GeoPoint, HotelId, Instant, Money, RoomId, TimeZone,
    facility::FacilityCode,
    hotel::{HotelChanged, LocalityFacts, RoomChanged},
};
use serde::{Deserialize, Serialize};

/// A hotel as last heard of. Never found by a search; new rooms take their hotel from it. Its rooms do not stand in it: a
/// list would be written anew with each of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HotelDocument {
    pub hotel_id: HotelId,
    /// Its newest event; none as long as there was none.
    pub hotel: Option<HotelChanged>,
}

/// A room with what its hotel lends it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoomDocument {
    pub room_id: RoomId,
    pub hotel_id: HotelId,
    /// The hotel, as far as it is known.
    pub hotel: Option<HotelPart>,
    /// The room, as far as it is known.
    pub room: Option<RoomChanged>,
    /// The touched nights from today on.
    pub nights: BTreeMap<NaiveDate, Night>,
    /// What is stored and cannot be read. As long as there is any the document must not be written: it would be lost.
    #[serde(skip)]
    pub unread: BTreeSet<Part>,
}

/// A part of a room's document; an event brings each anew, but for the nights together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What its hotel lends it.
    Hotel,
    /// The room itself.
    Room,
    /// One night.
    Night(NaiveDate),
    /// All nights: nobody knows which there were.
    Nights,
}

/// What a room's document keeps of its hotel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HotelPart {
    /// The version of the hotel's row.
    pub version: i64,
    /// The hotel's name.
    pub name: String,
    /// Its locality with all its names.
    pub locality: LocalityFacts,
    /// Where it stands.
    pub point: GeoPoint,
    pub time_zone: TimeZone,
    /// 1 to 5.
    pub star_rating: Option<u8>,
    pub facilities: Vec<FacilityCode>,
    /// Its cover, once processed.
    pub cover_image_url: Option<String>,
    /// Whether it is on sale.
    pub is_active: bool,
}

/// A touched night of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Night {
    /// Units to be had.
    pub available: u32,
    /// The version of the night's row.
    pub version: i64,
}

impl From<&HotelChanged> for HotelPart {
    fn from(hotel: &HotelChanged) -> Self {
        let cover = hotel.images.iter().find(|image| image.is_cover).or(hotel.images.first());
        Self {
            version: hotel.version,
            name: hotel.name.clone(),
            locality: hotel.locality.clone(),
            point: hotel.point,
            time_zone: hotel.time_zone,
            star_rating: hotel.star_rating,
            facilities: hotel.facilities.clone(),
            cover_image_url: cover.and_then(|image| image.display_url.clone()),
            is_active: hotel.is_active,
        }
    }
}

impl HotelDocument {
    /// A hotel of which nothing is known yet.
    pub fn new(hotel_id: HotelId) -> Self {
        Self { hotel_id, hotel: None }
    }

    /// Takes the hotel if it is newer; whether anything changed.
    pub fn hear(&mut self, hotel: &HotelChanged) -> bool {
        let newer = self.hotel.as_ref().is_none_or(|known| known.version < hotel.version);
        if newer {
            self.hotel = Some(hotel.clone());
        }
        newer
    }

    /// What its rooms' documents keep of it.
    pub fn part(&self) -> Option<HotelPart> {
        self.hotel.as_ref().map(HotelPart::from)
    }
}

impl RoomDocument {
    /// A room of which nothing is known yet.
    pub fn new(room_id: RoomId, hotel_id: HotelId) -> Self {
        Self { room_id, hotel_id, hotel: None, room: None, nights: BTreeMap::new(), unread: BTreeSet::new() }
    }

    /// Takes the hotel if it is newer; whether anything changed.
    pub fn hear_hotel(&mut self, hotel: &HotelPart) -> bool {
        let newer = self.hotel.as_ref().is_none_or(|known| known.version < hotel.version);
        if newer {
            self.hotel = Some(hotel.clone());
            self.unread.remove(&Part::Hotel);
        }
        newer
    }

    /// Takes the room if it is newer; whether anything changed.
    pub fn hear_room(&mut self, room: &RoomChanged) -> bool {
        let newer = self.room.as_ref().is_none_or(|known| known.version < room.version);
        if newer {
            self.room = Some(room.clone());
            self.unread.remove(&Part::Room);
        }
        newer
    }

    /// Takes the night if it is newer; whether anything changed.
    pub fn hear_night(&mut self, date: NaiveDate, night: Night) -> bool {
        let newer = self.nights.get(&date).is_none_or(|known| known.version < night.version);
        if newer {
            self.nights.insert(date, night);
            self.unread.remove(&Part::Night(date));
        }
        newer
    }

    /// Drops a night that has got its tombstone; whether it was there.
    pub fn forget_night(&mut self, date: NaiveDate) -> bool {
        self.nights.remove(&date).is_some() | self.unread.remove(&Part::Night(date))
    }

    /// Drops the nights before the hotel's today; whether there were any.
    pub fn forget_past(&mut self, now: Instant) -> bool {
        let today = self.today(now);
        let before = self.nights.len() + self.unread.len();
        self.nights.retain(|date, _| *date >= today);
        self.unread.retain(|part| !matches!(part, Part::Night(date) if *date < today));
        before != self.nights.len() + self.unread.len()
    }

    /// What one unit costs per night until prices are dynamic: halfway between the room's two prices, halves up
    /// (api.md, PRICE).
    pub fn price_per_night(&self) -> Option<Money> {
        let room = self.room.as_ref()?;
        room.price_min.midpoint(room.price_max).ok()
    }

    /// The hotel's today; while its zone is not known, the earliest date on earth (UTC-12).
    fn today(&self, now: Instant) -> NaiveDate {
        self.hotel.as_ref().map_or_else(|| earliest_date(now), |hotel| hotel.time_zone.date_of(now))
    }
}

/// The date where the day is oldest, UTC-12.
pub fn earliest_date(now: Instant) -> NaiveDate {
    now.plus(chrono::TimeDelta::hours(-12)).utc().date_naive()
}

/// The date where the day is youngest, UTC+14.
pub fn latest_date(now: Instant) -> NaiveDate {
    now.plus(chrono::TimeDelta::hours(14)).utc().date_naive()
}

#[cfg(test)]
mod tests;
