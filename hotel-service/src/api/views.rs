//! Hotels, rooms and audit entries as the API shows them.

use ::domain::{Actor, AuditId, HotelId, Instant, RoomId, hotel::ImageFacts};
use platform::api::page::Page;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{
    audit::{Action, Change, Entry},
    catalogue::Facility,
    hotel::{Hotel, HotelFacts, Suspension},
    locality::Place,
    room::{Room, RoomFacts},
};

/// A hotel.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Hotel, example = json!({ "suspended": null }))]
pub(super) struct HotelView {
    /// The hotel.
    hotel_id: HotelId,
    /// The account that owns it.
    #[schema(value_type = String, format = Uuid, example = "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e73")]
    owner_id: Uuid,
    /// The region it belongs to.
    #[schema(example = "eu")]
    region: String,
    #[serde(flatten)]
    facts: HotelFacts,
    /// Where it lies.
    locality: Place,
    /// Why an operator keeps it off sale; null if none does.
    #[schema(required)]
    suspended: Option<Suspension>,
    /// Its images, in order.
    images: Vec<ImageFacts>,
    /// When it was made.
    created_at: Instant,
    /// When it last changed.
    updated_at: Instant,
    /// Raised by one with every change, from 1; the `ETag` holds it.
    version: i64,
}

impl From<Hotel> for HotelView {
    fn from(hotel: Hotel) -> Self {
        Self {
            hotel_id: hotel.hotel_id,
            owner_id: hotel.owner_id,
            region: hotel.region,
            facts: hotel.facts,
            locality: hotel.place,
            suspended: hotel.suspended,
            images: Vec::new(),
            created_at: hotel.created_at,
            updated_at: hotel.updated_at,
            version: hotel.version,
        }
    }
}

/// A room type of a hotel.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Room)]
pub(super) struct RoomView {
    /// The room.
    room_id: RoomId,
    /// Its hotel.
    hotel_id: HotelId,
    #[serde(flatten)]
    facts: RoomFacts,
    /// Its images, in order.
    images: Vec<ImageFacts>,
    /// When it was made.
    created_at: Instant,
    /// When it last changed.
    updated_at: Instant,
    /// Raised by one with every change, from 1; the `ETag` holds it.
    version: i64,
}

impl From<Room> for RoomView {
    fn from(room: Room) -> Self {
        Self {
            room_id: room.room_id,
            hotel_id: room.hotel_id,
            facts: room.facts,
            images: Vec::new(),
            created_at: room.created_at,
            updated_at: room.updated_at,
            version: room.version,
        }
    }
}

/// A page under a name of its own: in OpenAPI a generic type has one name for all its kinds.
macro_rules! page_of {
    ($(#[$doc:meta])* $name:ident as $schema:ident, $item:ty) => {
        $(#[$doc])*
        #[derive(Debug, Serialize, ToSchema)]
        #[schema(as = $schema, example = json!({ "next_page_token": null }))]
        pub(super) struct $name {
            /// The items, in the list's order.
            items: Vec<$item>,
            /// Asks for the next page; null on the last.
            #[schema(required)]
            next_page_token: Option<String>,
        }

        impl From<Page<$item>> for $name {
            fn from(page: Page<$item>) -> Self {
                Self { items: page.items, next_page_token: page.next_page_token }
            }
        }
    };
}

page_of! {
    /// A page of hotels.
    HotelList as HotelPage, HotelView
}
page_of! {
    /// A page of rooms.
    RoomList as RoomPage, RoomView
}
page_of! {
    /// A page of audit entries.
    AuditList as AuditPage, AuditEntry
}
page_of! {
    /// A page of localities.
    LocalityList as LocalityPage, Place
}
page_of! {
    /// A page of facilities.
    FacilityList as FacilityPage, Facility
}

/// Who changed what, when, from what to what.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct AuditEntry {
    /// The entry.
    audit_id: AuditId,
    /// When.
    at: Instant,
    /// Who.
    actor: Actor,
    /// What was done.
    action: Action,
    /// The room it was done to; null if to the hotel itself.
    #[schema(required)]
    room_id: Option<RoomId>,
    /// The hotel's or room's version that came of it.
    version: i64,
    /// Each value that changed; of something new, the whole of it.
    changes: Vec<Change>,
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        Self {
            audit_id: entry.audit_id,
            at: entry.at,
            actor: entry.actor,
            action: entry.action,
            room_id: entry.room_id,
            version: entry.version,
            changes: entry.changes,
        }
    }
}
