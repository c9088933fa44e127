//! The steps that several handlers share.

use ::domain::{Actor, ActorKind, AuditId, EventId, Faults, HotelId, LocalityId, RoomId};
use events::traceparent;
use platform::{
    api::{Problem, Request},
    auth::{Caller, Role},
};

use crate::{
    api::bodies::{
        hotel::{HotelWrite, References},
        room::RoomWrite,
    },
    domain::{
        catalogue::Catalogue,
        hotel::{AuditStamp, Hotel, HotelFacts, NewHotel},
        locality::Locality,
        room::{Room, RoomFacts},
    },
    parts::Parts,
    published::Envelope,
    store::StoreError,
};

impl Parts {
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

    /// The caller's stamp, now.
    pub(super) async fn stamp(&self, caller: &Caller) -> Result<AuditStamp, Problem> {
        let at = self.clock.now().await?;
        let kind = if caller.has(Role::Operator) { ActorKind::Operator } else { ActorKind::Manager };
        let actor = Actor::user(kind, caller.user_id, &caller.subject);
        Ok(AuditStamp { actor, at, audit_id: AuditId::from_uuid(self.ids.uuid()) })
    }

    /// What a new hotel of the caller is given.
    pub(super) fn new_hotel(&self, caller: &Caller) -> NewHotel {
        NewHotel {
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
        body: &HotelWrite,
        current: Option<&Hotel>,
    ) -> Result<(HotelFacts, Locality), Problem> {
        let catalogue = self.facilities.all().await?;
        let locality = match body.locality_id() {
            Some(id) => self.localities.find(id).await?,
            None => None,
        };
        let kept = current.map(|hotel| hotel.facts.currency);
        let known = References { catalogue: &catalogue, locality: locality.as_ref(), kept };
        let facts = body.parse(known)?;
        // A body is accepted only with the locality that it names.
        let locality = locality.ok_or_else(|| Problem::from(Faults::default()))?;
        Ok((facts, locality))
    }

    /// A room's facts; 422 naming everything that is wrong.
    pub(super) async fn room_facts(&self, hotel: &Hotel, body: &RoomWrite) -> Result<RoomFacts, Problem> {
        let catalogue: Catalogue = self.facilities.all().await?;
        Ok(body.parse(&catalogue, hotel.facts.currency)?)
    }

    /// The locality that a stored hotel names.
    pub(super) async fn locality_of(&self, locality_id: LocalityId) -> Result<Locality, Problem> {
        let found = self.localities.find(locality_id).await?;
        Ok(found.ok_or_else(|| StoreError::missing("localities", &locality_id))?)
    }
}
