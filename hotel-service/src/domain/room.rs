//! A room: what its manager says, what it is, how it changes.

use ::domain::{HotelId, Instant, Money, RoomId, Text, facility::FacilityCode, hotel::RoomChanged};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    audit::{Action, Change, Entry, changes},
    hotel::{AuditStamp, Description},
};

/// The most units a room may have (api.md, `RoomWrite`).
pub const MOST_UNITS: u32 = 100_000;
/// The most people a unit may take (api.md, `RoomWrite`).
pub const MOST_PEOPLE: u8 = 50;

/// What a manager says about a room.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RoomFacts {
    /// Its name.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Deluxe double")]
    pub display_name: Text<1, 200>,
    /// For travellers.
    #[schema(value_type = String, max_length = 5000, example = "With a view.")]
    pub description: Description,
    /// How many identical units.
    #[schema(minimum = 0, maximum = 100_000, example = 12)]
    pub quantity: u32,
    /// People per unit.
    #[schema(minimum = 1, maximum = 50, example = 3)]
    pub occupancy: u8,
    /// The lowest price of a unit and night, taxes included.
    pub price_min: Money,
    /// The highest; not below the lowest.
    pub price_max: Money,
    /// Its facilities, sorted.
    pub facilities: Vec<FacilityCode>,
    /// Whether it is on sale.
    pub is_active: bool,
}

/// A room type of a hotel.
#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    pub room_id: RoomId,
    pub hotel_id: HotelId,
    /// What its manager says.
    pub facts: RoomFacts,
    /// Raised by one with every change, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

impl Room {
    /// A new room and its audit entry.
    pub fn create(hotel_id: HotelId, room_id: RoomId, facts: RoomFacts, stamp: &AuditStamp) -> (Self, Entry) {
        let room = Self { room_id, hotel_id, facts, version: 1, created_at: stamp.at, updated_at: stamp.at };
        let changes = changes(&Value::Null, &room.document());
        let entry = room.entry(Action::RoomCreated, changes, stamp);
        (room, entry)
    }

    /// The room with other facts, and the audit entry; none if nothing differs.
    pub fn change(&self, facts: RoomFacts, stamp: &AuditStamp) -> Option<(Self, Entry)> {
        if facts == self.facts {
            return None;
        }
        let action = Action::on_room(self.facts.is_active, facts.is_active);
        let version = self.version.saturating_add(1);
        let changed = Self { facts, version, updated_at: stamp.at, ..self.clone() };
        let changes = changes(&self.document(), &changed.document());
        let entry = changed.entry(action, changes, stamp);
        Some((changed, entry))
    }

    /// The room under a version raised by so much, ahead of readers who have seen later ones than its own.
    pub fn raise(&self, by: u32, stamp: &AuditStamp) -> (Self, Entry) {
        let raised = Self { version: self.version.saturating_add(by.into()), ..self.clone() };
        let changes = vec![Change::of_version(self.version, raised.version)];
        let entry = raised.entry(Action::RoomRepublished, changes, stamp);
        (raised, entry)
    }

    fn entry(&self, action: Action, changes: Vec<Change>, stamp: &AuditStamp) -> Entry {
        Entry {
            audit_id: stamp.audit_id,
            hotel_id: self.hotel_id,
            room_id: Some(self.room_id),
            at: stamp.at,
            actor: stamp.actor.clone(),
            action,
            version: self.version,
            changes,
        }
    }

    /// The facts as JSON: a body that `RoomWrite` reads.
    pub fn document(&self) -> Value {
        serde_json::to_value(&self.facts).unwrap_or_default()
    }

    /// The body of `room.changed`: the room, whole.
    pub fn event(&self) -> RoomChanged {
        let facts = self.facts.clone();
        RoomChanged {
            room_id: self.room_id,
            hotel_id: self.hotel_id,
            display_name: facts.display_name.into(),
            description: facts.description.into(),
            quantity: facts.quantity,
            occupancy: facts.occupancy,
            price_min: facts.price_min,
            price_max: facts.price_max,
            facilities: facts.facilities,
            images: Vec::new(),
            is_active: facts.is_active,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

#[cfg(test)]
mod tests;
