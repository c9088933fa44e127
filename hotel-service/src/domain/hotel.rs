//! A hotel: what its manager says, what it is, how it changes.

mod operated;

use ::domain::{
    Actor, AuditId, Currency, Faults, GeoPoint, HotelId, Instant, Invalid, LocalityId, Text, TimeZone,
    booking::hour_minute,
    facility::FacilityCode,
    hotel::{Contact, HotelChanged},
};
use chrono::NaiveTime;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    audit::{Action, Change, Entry, changes},
    locality::{Locality, Place},
};

pub use operated::{Reason, Suspension};

/// A hotel's name.
pub type Name = Text<1, 200>;
/// A description for travellers; may have several lines.
pub type Description = Text<0, 5000>;

/// What a manager says about a hotel.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct HotelFacts {
    /// Its name.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Hotel Paradiso")]
    pub name: Name,
    /// For travellers.
    #[schema(value_type = String, max_length = 5000, example = "By the sea.")]
    pub description: Description,
    /// The locality it lies in.
    pub locality_id: LocalityId,
    /// Its postal address.
    pub address: AddressFacts,
    /// Its place on the map.
    #[serde(flatten)]
    pub point: GeoPoint,
    /// Its zone; can never change.
    pub time_zone: TimeZone,
    /// Its currency; can never change.
    pub currency: Currency,
    /// 1 to 5.
    #[schema(required, minimum = 1, maximum = 5, example = 5)]
    pub star_rating: Option<u8>,
    /// Its facilities, sorted.
    pub facilities: Vec<FacilityCode>,
    /// How to reach it.
    pub contact: Contact,
    /// From when guests may come, local.
    #[schema(value_type = String, example = "15:00", pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    #[serde(with = "hour_minute")]
    pub check_in_time: NaiveTime,
    /// Until when guests must leave, local.
    #[schema(value_type = String, example = "11:00", pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    #[serde(with = "hour_minute")]
    pub check_out_time: NaiveTime,
    /// Whether it is on sale.
    pub is_active: bool,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = HotelAddress)]
pub struct AddressFacts {
    /// Street and number.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Via Roma 1")]
    pub line1: Text<1, 200>,
    /// What does not fit line 1.
    #[schema(value_type = Option<String>, required, min_length = 1, max_length = 200, example = json!(null))]
    pub line2: Option<Text<1, 200>>,
    /// Postal code.
    #[schema(value_type = Option<String>, required, min_length = 1, max_length = 20, example = "00184")]
    pub postal_code: Option<Text<1, 20>>,
}

/// A hotel.
#[derive(Debug, Clone, PartialEq)]
pub struct Hotel {
    pub hotel_id: HotelId,
    /// The account that owns it.
    pub owner_id: Uuid,
    /// The region it belongs to.
    pub region: String,
    /// What its manager says.
    pub facts: HotelFacts,
    /// Where it lies.
    pub place: Place,
    /// Why an operator keeps it off sale; none does, usually.
    pub suspended: Option<Suspension>,
    /// Raised by one with every change, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

/// Who changes something, when, and under which id the audit will know it.
#[derive(Debug, Clone)]
pub struct AuditStamp {
    /// A person in a role, or the system by itself.
    pub actor: Actor,
    /// Now.
    pub at: Instant,
    /// The audit entry's id.
    pub audit_id: AuditId,
}

impl Hotel {
    /// A new hotel and its audit entry.
    pub fn create(
        new: NewHotel,
        facts: HotelFacts,
        locality: &Locality,
        stamp: &AuditStamp,
    ) -> (Self, Entry) {
        let hotel = Self {
            hotel_id: new.hotel_id,
            owner_id: new.owner_id,
            region: new.region,
            facts,
            place: locality.place.clone(),
            suspended: None,
            version: 1,
            created_at: stamp.at,
            updated_at: stamp.at,
        };
        let changes = changes(&Value::Null, &hotel.document());
        let entry = hotel.entry(Action::HotelCreated, changes, stamp);
        (hotel, entry)
    }

    /// The hotel with other facts, and the audit entry; none if nothing differs. Zone and currency can never
    /// change: bookings were priced and dated in them.
    pub fn change(
        &self,
        facts: HotelFacts,
        locality: &Locality,
        stamp: &AuditStamp,
    ) -> Result<Option<(Self, Entry)>, Immutable> {
        self.keeps(&facts)?;
        if facts == self.facts {
            return Ok(None);
        }
        let action = Action::on_hotel(self.facts.is_active, facts.is_active);
        let changed = Self {
            facts,
            place: locality.place.clone(),
            version: self.version.saturating_add(1),
            updated_at: stamp.at,
            ..self.clone()
        };
        let changes = changes(&self.document(), &changed.document());
        let entry = changed.entry(action, changes, stamp);
        Ok(Some((changed, entry)))
    }

    fn keeps(&self, facts: &HotelFacts) -> Result<(), Immutable> {
        let mut faults = Faults::new();
        let immutable = || Invalid::new("immutable", "This can never change.");
        if facts.time_zone != self.facts.time_zone {
            faults.note("#/time_zone", immutable());
        }
        if facts.currency != self.facts.currency {
            faults.note("#/currency", immutable());
        }
        if faults.is_empty() { Ok(()) } else { Err(Immutable(faults)) }
    }

    fn entry(&self, action: Action, changes: Vec<Change>, stamp: &AuditStamp) -> Entry {
        Entry {
            audit_id: stamp.audit_id,
            hotel_id: self.hotel_id,
            room_id: None,
            at: stamp.at,
            actor: stamp.actor.clone(),
            action,
            version: self.version,
            changes,
        }
    }

    /// The facts as JSON: a body that `HotelWrite` reads.
    pub fn document(&self) -> Value {
        serde_json::to_value(&self.facts).unwrap_or_default()
    }

    /// Whether it is on sale: its manager says so and no operator says otherwise.
    pub fn is_on_sale(&self) -> bool {
        self.facts.is_active && self.suspended.is_none()
    }

    /// The body of `hotel.changed`: the hotel, whole. To readers a suspended hotel is one that is not active.
    pub fn event(&self, locality: &Locality) -> HotelChanged {
        let facts = self.facts.clone();
        HotelChanged {
            hotel_id: self.hotel_id,
            owner_id: self.owner_id,
            region: self.region.clone(),
            name: facts.name.into(),
            description: facts.description.into(),
            locality: locality.facts(),
            address: facts.address.into(),
            point: facts.point,
            time_zone: facts.time_zone,
            currency: facts.currency,
            star_rating: facts.star_rating,
            facilities: facts.facilities,
            contact: facts.contact,
            check_in_time: facts.check_in_time,
            check_out_time: facts.check_out_time,
            images: Vec::new(),
            is_active: self.is_on_sale(),
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// What a hotel is given once and keeps.
#[derive(Debug, Clone)]
pub struct NewHotel {
    pub hotel_id: HotelId,
    /// The account that will own it.
    pub owner_id: Uuid,
    /// The region it will belong to.
    pub region: String,
}

/// Fields were to change that never can.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("fields that never change were to change")]
pub struct Immutable(pub Faults);

impl From<AddressFacts> for ::domain::hotel::Address {
    fn from(address: AddressFacts) -> Self {
        Self {
            line1: address.line1.into(),
            line2: address.line2.map(String::from),
            postal_code: address.postal_code.map(String::from),
        }
    }
}

#[cfg(test)]
mod tests;
