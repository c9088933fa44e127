//! What an index knows of a room: derived from its document, never changed by hand.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use domain::{Currency, HotelId, LocalityId, Money, RoomId, facility::FacilityCode};
use serde::{Deserialize, Serialize};

use super::document::{HotelPart, Night, RoomDocument};

/// The most units one search asks for, and what `available_quantity` is cut to (api.md, SEARCH).
pub const MOST_ROOMS: u8 = domain::party::MOST_UNITS;

/// A room as the index sees it. Both adapters filter, order and count by these fields alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub room_id: RoomId,
    /// Its hotel, by which results are collapsed.
    pub hotel_id: HotelId,
    /// Whether it may be shown: hotel and room are known and on sale, and it has a price.
    pub visible: bool,
    /// How many units there are.
    pub quantity: u32,
    /// People per unit.
    pub occupancy: u8,
    /// One unit and night, in minor units of `currency`.
    pub price: i64,
    /// The hotel's currency; none as long as the room is not known.
    pub currency: Option<Currency>,
    /// 1 to 5, 0 for none.
    pub stars: u8,
    /// Facilities of the hotel and of the room.
    pub tags: BTreeSet<FacilityCode>,
    /// The hotel's locality.
    pub locality_id: Option<LocalityId>,
    /// Metres from the locality's centre.
    pub distance_m: u32,
    /// The hotel's zone.
    pub time_zone: Option<String>,
    /// Folded words of the hotel's name.
    pub name_words: BTreeSet<String>,
    /// Folded words of all names of its locality.
    pub place_words: BTreeSet<String>,
    /// Folded words of its country's English name.
    pub country_words: BTreeSet<String>,
    /// Folded words of its facilities.
    pub facility_words: BTreeSet<String>,
    /// `2026-12-24:k` for every k units that can not be had on a touched night.
    pub taken: BTreeSet<String>,
    /// What is shown of it.
    pub card: Card,
    /// Units to be had on each touched night.
    pub nights: BTreeMap<NaiveDate, Night>,
}

/// What a result shows and no filter needs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The hotel's name.
    pub hotel_name: String,
    /// The room's name.
    pub room_name: String,
    /// Where the hotel is; none as long as it is not known.
    pub place: Option<PlaceCard>,
    /// The hotel's image.
    pub cover_image_url: Option<String>,
}

/// Where a hotel is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceCard {
    pub locality_id: LocalityId,
    /// Its usual name.
    pub locality_name: String,
    pub country_code: domain::CountryCode,
    pub centre: domain::GeoPoint,
    /// Where the hotel stands.
    pub point: domain::GeoPoint,
}

/// The token that excludes a room from searches for `rooms` units over `night`.
pub fn taken_token(night: NaiveDate, rooms: u8) -> String {
    format!("{night}:{rooms}")
}

impl Entry {
    /// Derives what the index must know.
    pub fn of(document: &RoomDocument) -> Self {
        let hotel = document.hotel.as_ref();
        let room = document.room.as_ref();
        let quantity = room.map_or(0, |room| room.quantity);
        let tags = tags(document);
        let price = document.price_per_night();
        Self {
            room_id: document.room_id,
            hotel_id: document.hotel_id,
            visible: price.is_some()
                && hotel.is_some_and(|hotel| hotel.is_active)
                && room.is_some_and(|room| room.is_active),
            quantity,
            occupancy: room.map_or(0, |room| room.occupancy),
            price: price.map_or(0, Money::amount),
            currency: room.map(|room| room.price_min.currency()),
            stars: hotel.and_then(|hotel| hotel.star_rating).unwrap_or(0),
            locality_id: hotel.map(|hotel| hotel.locality.locality_id),
            distance_m: hotel.map_or(0, |hotel| metres(hotel.point.distance_m(hotel.locality.point))),
            time_zone: hotel.map(|hotel| hotel.time_zone.name().to_owned()),
            name_words: words(hotel.map(|hotel| hotel.name.as_str())),
            place_words: hotel.map(place_words).unwrap_or_default(),
            country_words: hotel.map(country_words).unwrap_or_default(),
            facility_words: tags.iter().flat_map(|tag| domain::fold::tokens(&tag.words())).collect(),
            taken: taken(document, quantity),
            card: card(document),
            nights: document.nights.clone(),
            tags,
        }
    }

    /// What a result shows of it, with what is left on `nights`.
    pub fn shown(&self, nights: &[NaiveDate]) -> ShownRoom {
        let touched = |night: &NaiveDate| self.nights.get(night).map(|left| (*night, *left));
        ShownRoom {
            room_id: self.room_id,
            hotel_id: self.hotel_id,
            quantity: self.quantity,
            occupancy: self.occupancy,
            price: self.price,
            currency: self.currency,
            stars: self.stars,
            tags: self.tags.clone(),
            distance_m: self.distance_m,
            card: self.card.clone(),
            nights: nights.iter().filter_map(touched).collect(),
        }
    }
}

/// What a result shows of a room: a part of its [`Entry`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ShownRoom {
    pub room_id: RoomId,
    pub hotel_id: HotelId,
    /// How many units there are.
    pub quantity: u32,
    /// People per unit.
    pub occupancy: u8,
    /// One unit and night, in minor units of `currency`.
    pub price: i64,
    /// The hotel's currency.
    pub currency: Option<Currency>,
    /// 1 to 5, 0 for none.
    pub stars: u8,
    /// Facilities of the hotel and of the room.
    pub tags: BTreeSet<FacilityCode>,
    /// Metres from the locality's centre.
    pub distance_m: u32,
    /// Names, place, image.
    pub card: Card,
    /// What is left on the touched ones of the nights asked for.
    #[serde(default)]
    pub nights: BTreeMap<NaiveDate, Night>,
}

impl ShownRoom {
    /// The fewest units to be had over the nights asked for, at most [`MOST_ROOMS`].
    pub fn available(&self) -> u8 {
        let fewest = self.nights.values().map(|night| night.available).min().unwrap_or(self.quantity);
        u8::try_from(fewest.min(self.quantity)).unwrap_or(MOST_ROOMS).min(MOST_ROOMS)
    }

    /// What one unit costs per night.
    pub fn price_per_night(&self) -> Option<Money> {
        Money::new(self.price, self.currency?).ok()
    }
}

fn words<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    texts.into_iter().flat_map(domain::fold::tokens).collect()
}

fn place_words(hotel: &HotelPart) -> BTreeSet<String> {
    let locality = &hotel.locality;
    words(locality.names.iter().map(String::as_str).chain([locality.name.as_str()]))
}

fn country_words(hotel: &HotelPart) -> BTreeSet<String> {
    words(hotel.locality.country_code.names())
}

fn tags(document: &RoomDocument) -> BTreeSet<FacilityCode> {
    let of_hotel = document.hotel.iter().flat_map(|hotel| &hotel.facilities);
    let of_room = document.room.iter().flat_map(|room| &room.facilities);
    of_hotel.chain(of_room).cloned().collect()
}

fn taken(document: &RoomDocument, quantity: u32) -> BTreeSet<String> {
    let most = u8::try_from(quantity).unwrap_or(MOST_ROOMS).min(MOST_ROOMS);
    let of_night = |(date, night): (&NaiveDate, &Night)| {
        let (date, available) = (*date, night.available);
        (1..=most).filter(move |k| available < u32::from(*k)).map(move |k| taken_token(date, k))
    };
    document.nights.iter().flat_map(of_night).collect()
}

fn card(document: &RoomDocument) -> Card {
    let place = document.hotel.as_ref().map(|hotel| PlaceCard {
        locality_id: hotel.locality.locality_id,
        locality_name: hotel.locality.name.clone(),
        country_code: hotel.locality.country_code,
        centre: hotel.locality.point,
        point: hotel.point,
    });
    Card {
        hotel_name: document.hotel.as_ref().map(|hotel| hotel.name.clone()).unwrap_or_default(),
        room_name: document.room.as_ref().map(|room| room.display_name.clone()).unwrap_or_default(),
        place,
        cover_image_url: document.hotel.as_ref().and_then(|hotel| hotel.cover_image_url.clone()),
    }
}

/// Whole metres; no two points on earth are further apart than 20,037,508 m.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float turns into a whole number only so; it saturates and a distance is never negative"
)]
fn metres(distance: f64) -> u32 {
    distance.round() as u32
}
