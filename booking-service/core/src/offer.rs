//! What a hotel offers for some nights, live (api.md, OFFERS).

use domain::{
    HotelId, RoomId, StayDates,
    money::MoneyError,
    price::{CancellationPolicy, Price},
};

use crate::{
    price,
    refusal::Refusal,
    snapshot::Snapshot,
    stay::MAX_UNITS,
    stock::{RoomStock, SeenHotel},
};

/// What is asked for: `rooms` units of one room for a whole party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferQuery {
    /// The hotel.
    pub hotel_id: HotelId,
    /// The nights.
    pub dates: StayDates,
    /// Units, 1 to 9.
    pub rooms: u8,
    /// Everybody, grown-ups and children.
    pub people: u16,
}

/// One room's offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The room.
    pub room_id: RoomId,
    /// Its name.
    pub display_name: String,
    /// People per unit.
    pub occupancy: u8,
    /// Units to be had on every night; 9 means nine or more.
    pub available_quantity: u8,
    /// Whether it may be booked.
    pub status: OfferStatus,
    /// The price of one unit.
    pub price: Price,
    /// The policy of one unit.
    pub cancellation_policy: CancellationPolicy,
}

/// Whether an offer may be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferStatus {
    /// It may.
    Available,
    /// It may not.
    Unavailable(OfferReason),
}

/// Why an offer may not be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferReason {
    /// The hotel or the room is not on sale.
    StopSell,
    /// The party does not fit into so many units.
    OccupancyExceeded,
    /// Too few units on a night.
    SoldOut,
}

impl OfferReason {
    /// Every value.
    pub const ALL: &'static [Self] = &[Self::StopSell, Self::OccupancyExceeded, Self::SoldOut];

    /// Its spelling in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StopSell => "stop_sell",
            Self::OccupancyExceeded => "occupancy_exceeded",
            Self::SoldOut => "sold_out",
        }
    }
}

/// The hotel's rooms in the snapshot as offers: bookable ones first, the cheaper first, then by id. A room whose price for
/// these nights cannot be told is left out; the others are offered.
pub fn offers(snapshot: &Snapshot, query: &OfferQuery) -> Result<Vec<Offer>, Refusal> {
    let hotel = snapshot.hotels.get(&query.hotel_id).ok_or(Refusal::UnknownHotel(query.hotel_id))?;
    let today = hotel.facts.time_zone.date_of(snapshot.now);
    query.dates.sellable_on(today).map_err(Refusal::InvalidStay)?;
    let rooms = snapshot.rooms.values().filter(|room| room.hotel_id == query.hotel_id);
    let mut offers: Vec<Offer> = rooms.filter_map(|room| offer(snapshot, hotel, room, query).ok()).collect();
    offers.sort_by_key(|offer| {
        (offer.status != OfferStatus::Available, offer.price.total.amount(), offer.room_id)
    });
    Ok(offers)
}

fn offer(
    snapshot: &Snapshot,
    hotel: &SeenHotel,
    room: &RoomStock,
    query: &OfferQuery,
) -> Result<Offer, MoneyError> {
    let price = unit_price(hotel, room, query.dates)?;
    let least = query.dates.nights().map(|date| snapshot.night(room.room_id, date).available).min();
    let available_quantity = u8::try_from(least.unwrap_or(0)).unwrap_or(MAX_UNITS).min(MAX_UNITS);
    Ok(Offer {
        room_id: room.room_id,
        display_name: room.display_name.clone(),
        occupancy: room.occupancy,
        available_quantity,
        status: status(hotel, room, query, available_quantity),
        cancellation_policy: price::policy(hotel.facts.time_zone, query.dates, price.total, snapshot.now),
        price,
    })
}

fn unit_price(hotel: &SeenHotel, room: &RoomStock, dates: StayDates) -> Result<Price, MoneyError> {
    let line = price::price_line(room, 1, 1, dates)?;
    Price::of(hotel.facts.currency, vec![line], Vec::new())
}

fn status(hotel: &SeenHotel, room: &RoomStock, query: &OfferQuery, available: u8) -> OfferStatus {
    let beds = u16::from(query.rooms).saturating_mul(u16::from(room.occupancy));
    if !hotel.is_active || !room.on_sale() {
        OfferStatus::Unavailable(OfferReason::StopSell)
    } else if query.people > beds {
        OfferStatus::Unavailable(OfferReason::OccupancyExceeded)
    } else if available < query.rooms {
        OfferStatus::Unavailable(OfferReason::SoldOut)
    } else {
        OfferStatus::Available
    }
}
