//! What the handlers stand on, and the steps that several of them share.

use std::sync::Arc;

use ::domain::{Actor, ActorKind, AuditId, EventId, Faults, HotelId, LocalityId, RoomId};
use events::traceparent;
use platform::{
    api::{Problem, Request},
    auth::{Caller, Role},
    clock::Clock,
    ids::Ids,
};

use crate::{
    domain::{
        catalogue::Catalogue,
        hotel::{Birth, Hand, Hotel, HotelFacts, HotelWrite, References},
        locality::Locality,
        room::{Room, RoomFacts, RoomWrite},
    },
    published::Envelope,
    store::{AuditLog, Facilities, Hotels, KeptAnswers, Localities, Rooms, StoreError},
};

/// The stores, the clock, the source of ids and the rules that are settings.
#[derive(Clone)]
pub struct Ports {
    /// Hotels.
    pub hotels: Arc<dyn Hotels>,
    /// Rooms.
    pub rooms: Arc<dyn Rooms>,
    /// Localities.
    pub localities: Arc<dyn Localities>,
    /// Facilities.
    pub facilities: Arc<dyn Facilities>,
    /// The audit.
    pub audit: Arc<dyn AuditLog>,
    /// Answers kept under idempotency keys.
    pub kept: Arc<dyn KeptAnswers>,
    /// When things are done.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// Rules that are settings.
    pub rules: Arc<Rules>,
}

/// Rules that are settings.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The region of new hotels.
    pub region: String,
    /// The topic that hotels and rooms are published to.
    pub topic: String,
    /// The longest event in bytes.
    pub most_event_bytes: usize,
    /// How long an answer is kept under its idempotency key, in seconds.
    pub keep_answers_s: u32,
    /// The most hotels an account may have.
    pub most_hotels: u32,
    /// The most rooms a hotel may have.
    pub most_rooms: u32,
}

impl Ports {
    /// The hotel in the path; 404 if it is absent or not the caller's.
    pub(super) async fn owned_hotel(&self, request: &Request) -> Result<Hotel, Problem> {
        let hotel_id: HotelId = request.path("hotel_id")?;
        let found = self.hotels.find(hotel_id).await?;
        found.filter(|hotel| request.caller().manages(hotel.owner_id)).ok_or_else(Problem::not_found)
    }

    /// The room in the path, of the hotel in the path; 404 if it is absent or elsewhere.
    pub(super) async fn room_of(&self, hotel: &Hotel, request: &Request) -> Result<Room, Problem> {
        let room_id: RoomId = request.path("room_id")?;
        let found = self.rooms.find(room_id).await?;
        found.filter(|room| room.hotel_id == hotel.hotel_id).ok_or_else(Problem::not_found)
    }

    /// The caller's hand, now.
    pub(super) async fn hand(&self, caller: &Caller) -> Result<Hand, Problem> {
        let at = self.clock.now().await?;
        let kind = if caller.has(Role::Operator) { ActorKind::Operator } else { ActorKind::Manager };
        let actor = Actor::user(kind, caller.user_id, &caller.subject);
        Ok(Hand { actor, at, audit_id: AuditId::from_uuid(self.ids.uuid()) })
    }

    /// What a new hotel of the caller is given.
    pub(super) fn birth(&self, caller: &Caller) -> Birth {
        Birth {
            hotel_id: HotelId::from_uuid(self.ids.uuid()),
            owner_id: caller.owner_id(),
            region: self.rules.region.clone(),
        }
    }

    /// What an event of this request is given.
    pub(super) fn envelope(&self) -> Envelope {
        Envelope {
            id: EventId::from_uuid(self.ids.uuid()),
            topic: self.rules.topic.clone(),
            traceparent: traceparent::current(),
            most_bytes: self.rules.most_event_bytes,
        }
    }

    /// A hotel's facts and its locality; 422 naming everything that is wrong.
    pub(super) async fn hotel_facts(
        &self,
        write: &HotelWrite,
        current: Option<&Hotel>,
    ) -> Result<(HotelFacts, Locality), Problem> {
        let catalogue = self.facilities.all().await?;
        let locality = match write.locality_id() {
            Some(id) => self.localities.find(id).await?,
            None => None,
        };
        let kept = current.map(|hotel| hotel.facts.currency);
        let known = References { catalogue: &catalogue, locality: locality.as_ref(), kept };
        let facts = write.parse(known)?;
        // A body is accepted only with the locality that it names.
        let locality = locality.ok_or_else(|| Problem::from(Faults::default()))?;
        Ok((facts, locality))
    }

    /// A room's facts; 422 naming everything that is wrong.
    pub(super) async fn room_facts(&self, hotel: &Hotel, write: &RoomWrite) -> Result<RoomFacts, Problem> {
        let catalogue: Catalogue = self.facilities.all().await?;
        Ok(write.parse(&catalogue, hotel.facts.currency)?)
    }

    /// The locality that a stored hotel names.
    pub(super) async fn locality_of(&self, locality_id: LocalityId) -> Result<Locality, Problem> {
        let found = self.localities.find(locality_id).await?;
        Ok(found.ok_or_else(|| StoreError::missing("localities", &locality_id))?)
    }
}
