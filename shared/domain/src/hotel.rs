//! Hotels and rooms as `hotel.events` carries them: each whole, with its own row's version.

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    booking::hour_minute,
    country::CountryCode,
    currency::Currency,
    facility::FacilityCode,
    ids::{HotelId, ImageId, LocalityId, RoomId},
    instant::Instant,
    money::Money,
    place::GeoPoint,
    text::{Email, Phone},
    zone::TimeZone,
};

/// `hotel.changed`: a hotel, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HotelChanged {
    /// The hotel.
    pub hotel_id: HotelId,
    /// The account that owns it.
    pub owner_id: Uuid,
    /// The region it belongs to.
    pub region: String,
    /// Its name.
    pub name: String,
    /// For travellers.
    pub description: String,
    /// Where it is.
    pub locality: LocalityFacts,
    /// Its address.
    pub address: Address,
    /// Its place on the map.
    #[serde(flatten)]
    pub point: GeoPoint,
    /// Its zone; never changes.
    pub time_zone: TimeZone,
    /// Its currency; never changes.
    pub currency: Currency,
    /// 1 to 5.
    #[schema(required)]
    pub star_rating: Option<u8>,
    /// Its facilities, sorted.
    pub facilities: Vec<FacilityCode>,
    /// How to reach the hotel.
    pub contact: Contact,
    /// From when guests may come, local.
    #[schema(value_type = String, example = "15:00")]
    #[serde(with = "hour_minute")]
    pub check_in_time: NaiveTime,
    /// Until when guests must leave, local.
    #[schema(value_type = String, example = "11:00")]
    #[serde(with = "hour_minute")]
    pub check_out_time: NaiveTime,
    /// Its images, in order.
    pub images: Vec<ImageFacts>,
    /// Whether it is on sale.
    pub is_active: bool,
    /// The row's version.
    pub version: i64,
    /// When it was made.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

/// `room.changed`: one room, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RoomChanged {
    /// The room.
    pub room_id: RoomId,
    /// Its hotel.
    pub hotel_id: HotelId,
    /// Its name.
    pub display_name: String,
    /// For travellers.
    pub description: String,
    /// How many identical units, 0 to 100,000.
    pub quantity: u32,
    /// People per unit, 1 to 50.
    pub occupancy: u8,
    /// The lowest price of a unit and night, taxes included.
    pub price_min: Money,
    /// The highest.
    pub price_max: Money,
    /// Its facilities, sorted.
    pub facilities: Vec<FacilityCode>,
    /// Its images, in order.
    pub images: Vec<ImageFacts>,
    /// Whether it is on sale.
    pub is_active: bool,
    /// The row's version.
    pub version: i64,
    /// When it was made.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

/// A locality as search needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LocalityFacts {
    /// The locality.
    pub locality_id: LocalityId,
    /// Its usual name.
    pub name: String,
    /// Its country.
    pub country_code: CountryCode,
    /// Its centre.
    #[serde(flatten)]
    pub point: GeoPoint,
    /// All its names, folded, without repeats, at most 300.
    pub names: Vec<String>,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Address {
    /// Street and number.
    #[schema(example = "Via Roma 1")]
    pub line1: String,
    /// What does not fit line 1.
    #[schema(required, example = json!(null))]
    pub line2: Option<String>,
    /// Postal code.
    #[schema(required, example = "00184")]
    pub postal_code: Option<String>,
}

/// How to reach a hotel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Contact {
    /// Where its mails go.
    pub email: Email,
    /// For travellers to call.
    #[schema(required)]
    pub phone: Option<Phone>,
}

/// An image as pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageFacts {
    /// The image.
    pub image_id: ImageId,
    /// As uploaded.
    #[schema(format = "uri", example = "https://images.vacancy.example/0193a5c0.jpg")]
    pub original_url: String,
    /// As shown; null while it is processed.
    #[schema(required, format = "uri", example = "https://images.vacancy.example/0193a5c0-1280.jpg")]
    pub display_url: Option<String>,
    /// Pixels.
    #[schema(example = 1280)]
    pub width: u32,
    /// Pixels.
    #[schema(example = 853)]
    pub height: u32,
    /// For those who do not see it.
    #[schema(example = "The pool at dusk.")]
    pub alt: String,
    /// From 1.
    pub position: u16,
    /// Whether it stands for the hotel.
    pub is_cover: bool,
}
