//! What booking-service knows of hotels and rooms, and how their events change it (domain.md, Stock rules).

use domain::{
    HotelId, Money, RoomId,
    booking::BookedHotel,
    hotel::{HotelChanged, RoomChanged},
    money::MoneyError,
};
use uuid::Uuid;

/// A row of `hotels_seen`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenHotel {
    /// The hotel.
    pub hotel_id: HotelId,
    /// The account that owns it.
    pub owner_id: Uuid,
    /// What a booking copies.
    pub facts: BookedHotel,
    /// Its cover image, for lists.
    pub cover_image_url: Option<String>,
    /// Whether it is on sale.
    pub is_active: bool,
    /// The version of its last event.
    pub version: i64,
}

/// A row of `room_stock`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomStock {
    /// The room.
    pub room_id: RoomId,
    /// Its hotel.
    pub hotel_id: HotelId,
    /// Its name.
    pub display_name: String,
    /// People per unit.
    pub occupancy: u8,
    /// How many units.
    pub quantity: u32,
    /// Units sold beyond that on purpose, on nights not touched yet.
    pub allowance: u32,
    /// The lowest price of a unit and night.
    pub price_min: Money,
    /// The highest.
    pub price_max: Money,
    /// Whether the room is on sale.
    pub is_active: bool,
    /// Whether its hotel is.
    pub hotel_active: bool,
    /// Whether sales are stopped.
    pub stop_sell: bool,
    /// The version of the last room event.
    pub room_version: i64,
    /// The version of the hotel event that last put it on or off sale here; 0 until its hotel was seen.
    pub hotel_version: i64,
    /// Our own counter, raised by every change of the row.
    pub stock_version: i64,
}

impl SeenHotel {
    /// The row that an event makes; none if a newer one was seen.
    pub fn after(before: Option<&Self>, event: &HotelChanged) -> Option<Self> {
        let newer = before.is_none_or(|seen| seen.version < event.version);
        newer.then(|| Self {
            hotel_id: event.hotel_id,
            owner_id: event.owner_id,
            facts: BookedHotel {
                name: event.name.clone(),
                time_zone: event.time_zone,
                country_code: event.locality.country_code,
                currency: event.currency,
                check_in_time: event.check_in_time,
                check_out_time: event.check_out_time,
                phone: event.contact.phone.clone(),
                email: event.contact.email.clone(),
            },
            cover_image_url: cover(event),
            is_active: event.is_active,
            version: event.version,
        })
    }
}

fn cover(event: &HotelChanged) -> Option<String> {
    let image = event.images.iter().find(|image| image.is_cover).or(event.images.first())?;
    Some(image.display_url.clone().unwrap_or_else(|| image.original_url.clone()))
}

impl RoomStock {
    /// The row that a room's event makes; none if a newer one was seen. A room that was unknown is not on sale before
    /// its hotel is seen (details.md, Stock).
    pub fn after(before: Option<&Self>, event: &RoomChanged, hotel: Option<&SeenHotel>) -> Option<Self> {
        let newer = before.is_none_or(|row| row.room_version < event.version);
        newer.then(|| Self {
            room_id: event.room_id,
            hotel_id: event.hotel_id,
            display_name: event.display_name.clone(),
            occupancy: event.occupancy,
            quantity: event.quantity,
            allowance: before.map_or(0, |row| row.allowance),
            price_min: event.price_min,
            price_max: event.price_max,
            is_active: event.is_active,
            hotel_active: hotel.is_some_and(|seen| seen.is_active),
            stop_sell: before.is_some_and(|row| row.stop_sell),
            room_version: event.version,
            hotel_version: hotel.map_or(0, |seen| seen.version),
            stock_version: before.map_or(1, |row| row.stock_version.saturating_add(1)),
        })
    }

    /// Whether it may be sold at all.
    pub const fn on_sale(&self) -> bool {
        self.is_active && self.hotel_active && !self.stop_sell
    }

    /// The price of a unit on any night, until dynamic pricing: the middle of its prices, halves up (api.md, PRICE).
    pub fn night_price(&self) -> Result<Money, MoneyError> {
        self.price_min.midpoint(self.price_max)
    }
}
