//! A hotel as its page shows it: without its owner and mail address, rooms without their quantity.

use ::domain::{
    Currency, HotelId, Instant, LocalityId, Money, Phone, RoomId, TimeZone,
    booking::hour_minute,
    facility::FacilityCode,
    hotel::{Address, HotelChanged, ImageFacts, RoomChanged},
};
use chrono::NaiveTime;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{api::views::SearchLocality, index::RoomList};

/// A hotel as travellers see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublicHotel, example = json!({ "rooms_total": 1 }))]
pub(super) struct HotelPage {
    /// The hotel.
    hotel_id: HotelId,
    /// The region it belongs to.
    #[schema(example = "eu")]
    region: String,
    /// Its name.
    #[schema(example = "Hotel Paradiso")]
    name: String,
    /// For travellers.
    #[schema(example = "By the sea.")]
    description: String,
    /// Its locality.
    locality_id: LocalityId,
    /// Its locality, spelt out.
    locality: SearchLocality,
    /// Its address.
    address: Address,
    /// Degrees north.
    #[schema(minimum = -90, maximum = 90, example = 41.8902)]
    latitude: f64,
    /// Degrees east.
    #[schema(minimum = -180, maximum = 180, example = 12.4922)]
    longitude: f64,
    /// Its zone.
    time_zone: TimeZone,
    /// Its currency.
    currency: Currency,
    /// 1 to 5.
    #[schema(required, minimum = 1, maximum = 5, example = 5)]
    star_rating: Option<u8>,
    /// Its facilities.
    facilities: Vec<FacilityCode>,
    /// How to reach it.
    contact: HotelPageContact,
    /// From when guests may come, local.
    #[schema(value_type = String, example = "15:00")]
    #[serde(with = "hour_minute")]
    check_in_time: NaiveTime,
    /// Until when guests must leave, local.
    #[schema(value_type = String, example = "11:00")]
    #[serde(with = "hour_minute")]
    check_out_time: NaiveTime,
    /// Its images, in order.
    images: Vec<ImageFacts>,
    /// Always true: other hotels have no page.
    is_active: bool,
    /// Its rooms on sale, cheapest first; at most 100.
    rooms: Vec<HotelPageRoom>,
    /// How many rooms are on sale.
    rooms_total: u64,
    /// When it was made.
    created_at: Instant,
    /// When it last changed.
    updated_at: Instant,
    /// Raised with every change.
    version: i64,
}

/// How travellers reach a hotel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublicContact)]
struct HotelPageContact {
    /// For travellers to call.
    #[schema(required)]
    phone: Option<Phone>,
}

/// A room type as travellers see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublicRoom)]
struct HotelPageRoom {
    /// The room.
    room_id: RoomId,
    /// Its hotel.
    hotel_id: HotelId,
    /// Its name.
    #[schema(example = "Deluxe double")]
    display_name: String,
    /// For travellers.
    #[schema(example = "With a view.")]
    description: String,
    /// People per unit.
    #[schema(minimum = 1, maximum = 50, example = 3)]
    occupancy: u8,
    /// The lowest price of a unit and night, taxes included.
    price_min: Money,
    /// The highest.
    price_max: Money,
    /// Its facilities.
    facilities: Vec<FacilityCode>,
    /// Its images, in order.
    images: Vec<ImageFacts>,
    /// Always true: other rooms are not shown.
    is_active: bool,
    /// When it was made.
    created_at: Instant,
    /// When it last changed.
    updated_at: Instant,
    /// Raised with every change.
    version: i64,
}

impl HotelPage {
    pub(super) fn new(hotel: HotelChanged, rooms: RoomList) -> Self {
        let rooms_total = rooms.total;
        let rooms = rooms.rooms.into_iter().filter_map(|room| room.room).map(HotelPageRoom::from).collect();
        let locality = hotel.locality;
        Self {
            hotel_id: hotel.hotel_id,
            region: hotel.region,
            name: hotel.name,
            description: hotel.description,
            locality_id: locality.locality_id,
            locality: locality.into(),
            address: hotel.address,
            latitude: hotel.point.latitude(),
            longitude: hotel.point.longitude(),
            time_zone: hotel.time_zone,
            currency: hotel.currency,
            star_rating: hotel.star_rating,
            facilities: hotel.facilities,
            contact: HotelPageContact { phone: hotel.contact.phone },
            check_in_time: hotel.check_in_time,
            check_out_time: hotel.check_out_time,
            images: hotel.images,
            is_active: hotel.is_active,
            rooms,
            rooms_total,
            created_at: hotel.created_at,
            updated_at: hotel.updated_at,
            version: hotel.version,
        }
    }
}

impl From<RoomChanged> for HotelPageRoom {
    fn from(room: RoomChanged) -> Self {
        Self {
            room_id: room.room_id,
            hotel_id: room.hotel_id,
            display_name: room.display_name,
            description: room.description,
            occupancy: room.occupancy,
            price_min: room.price_min,
            price_max: room.price_max,
            facilities: room.facilities,
            images: room.images,
            is_active: room.is_active,
            created_at: room.created_at,
            updated_at: room.updated_at,
            version: room.version,
        }
    }
}
