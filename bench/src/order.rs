//! What a client asks for: a unit of a room for some nights, under a key of its own.

use chrono::{Days, NaiveDate};
use domain::{BookingId, HotelId, RoomId};
use platform::ids::{Ids as _, SystemIds};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A room and whose it is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Room {
    pub(crate) hotel_id: HotelId,
    pub(crate) room_id: RoomId,
}

/// One unit of a room for some nights.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) booking_id: BookingId,
    /// A traveller who has never booked before.
    pub(crate) user_id: Uuid,
    /// What its idempotency key is valid for.
    pub(crate) scope: [u8; 32],
    pub(crate) room: Room,
    pub(crate) first: NaiveDate,
    pub(crate) nights: u8,
}

impl Order {
    /// A new one.
    pub(crate) fn new(room: Room, first: NaiveDate, nights: u8) -> Self {
        Self {
            booking_id: BookingId::from_uuid(SystemIds.uuid()),
            user_id: Uuid::from_u128(rand::random()),
            scope: rand::random(),
            room,
            first,
            nights,
        }
    }

    /// The day of departure.
    pub(crate) fn end(&self) -> NaiveDate {
        self.first.checked_add_days(Days::new(u64::from(self.nights))).unwrap_or(self.first)
    }
}
