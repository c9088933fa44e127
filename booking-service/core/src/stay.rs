//! What a traveller asks for: one hotel, its dates, and lines of rooms (api.md, Stay).

use std::collections::BTreeMap;

use domain::{HotelId, Invalid, RoomId, StayDates, booking::Party};

/// The most units one booking takes (api.md, Stay).
pub const MAX_UNITS: u8 = domain::party::MOST_UNITS;

/// One stay at one hotel: 1 to 9 units over its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    hotel_id: HotelId,
    dates: StayDates,
    lines: Vec<StayLine>,
}

/// `quantity` units of a room with the same party in each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StayLine {
    /// The room; the same may stand on several lines.
    pub room_id: RoomId,
    /// How many units, 1 to 9.
    pub quantity: u8,
    /// Who sleeps in each.
    pub party: Party,
}

impl Stay {
    /// A stay whose lines hold 1 to 9 units in all.
    pub fn parse(hotel_id: HotelId, dates: StayDates, lines: Vec<StayLine>) -> Result<Self, Invalid> {
        let units = lines.iter().map(|line| line.quantity).fold(0u8, u8::saturating_add);
        let each_has_one = lines.iter().all(|line| line.quantity > 0);
        if each_has_one && (1..=MAX_UNITS).contains(&units) {
            Ok(Self { hotel_id, dates, lines })
        } else {
            Err(Invalid::out_of_range("The lines hold 1 to 9 units in all, each at least 1."))
        }
    }

    /// The hotel.
    pub const fn hotel_id(&self) -> HotelId {
        self.hotel_id
    }

    /// The nights.
    pub const fn dates(&self) -> StayDates {
        self.dates
    }

    /// The lines, in the order of the request.
    pub fn lines(&self) -> &[StayLine] {
        &self.lines
    }

    /// Each line with its number, from 1.
    pub fn numbered(&self) -> impl Iterator<Item = (u8, &StayLine)> {
        (1u8..).zip(&self.lines)
    }

    /// How many units of each room it takes, by room.
    pub fn units(&self) -> BTreeMap<RoomId, u32> {
        units_by_room(self.lines.iter().map(|line| (line.room_id, line.quantity)))
    }
}

/// Sums units by room.
pub(crate) fn units_by_room(lines: impl Iterator<Item = (RoomId, u8)>) -> BTreeMap<RoomId, u32> {
    lines.fold(BTreeMap::new(), |mut sums, (room, quantity)| {
        let sum = sums.entry(room).or_insert(0u32);
        *sum = sum.saturating_add(u32::from(quantity));
        sums
    })
}
