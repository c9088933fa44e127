//! Sample data, through the same rules and the same store as requests: localities, hotels and rooms with fixed ids.
//!
//! Running it again adds nothing. The running service's relay publishes the events.

use std::collections::HashMap;

use ::domain::{
    Actor, AuditId, CountryCode, EventId, Faults, GeoPoint, HotelId, Invalid, LocalityId, RoomId, TimeZone,
    event::topic,
};
use platform::{
    clock::SystemClock,
    ids::{Ids as _, SystemIds},
    mysql::RetrySettings,
};
use sqlx::MySqlPool;
use uuid::Uuid;

use crate::{
    api::bodies::hotel::References,
    domain::{
        catalogue::Catalogue,
        hotel::{AuditStamp, Hotel, NewHotel},
        locality::{Locality, NewLocality, Place, folded_names},
        room::Room,
    },
    published::{self, Envelope, EventRefused},
    store::{Facilities as _, Hotels, Localities, Revision, StoreError, mysql::MySqlStore},
};

pub use crate::api::bodies::{
    hotel::{AddressWrite, ContactWrite, HotelWrite},
    room::{MoneyWrite, RoomWrite},
};

/// Localities of one transaction: bounds its packet (names are long) and its locks.
const LOCALITIES_AT_ONCE: usize = 250;
/// Hotels of one transaction, each with its rooms, audit entries and events.
const HOTELS_AT_ONCE: usize = 50;

/// A city or area to bring in.
#[derive(Debug, Clone, PartialEq)]
pub struct SeedLocality {
    /// Its fixed id.
    pub locality_id: LocalityId,
    /// Its usual name, at most 200 characters.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country_code: String,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// An IANA zone.
    pub time_zone: String,
    /// How many people live there.
    pub population: u64,
    /// Its other names, in any script.
    pub other_names: Vec<String>,
}

/// A hotel to bring in.
#[derive(Debug, Clone)]
pub struct SeedHotel {
    /// Its fixed id.
    pub hotel_id: HotelId,
    /// The account that owns it.
    pub owner_id: Uuid,
    /// What a manager would send.
    pub body: HotelWrite,
    pub rooms: Vec<SeedRoom>,
}

/// A room to bring in.
#[derive(Debug, Clone)]
pub struct SeedRoom {
    /// Its fixed id.
    pub room_id: RoomId,
    /// What a manager would send.
    pub body: RoomWrite,
}

/// How many were added; the others were there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Added {
    pub hotels: u64,
    pub rooms: u64,
}

/// Why seeding stopped. What was added before stays; run it again.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A hotel or room is not what a manager could send.
    #[error("{id} is refused")]
    Refused {
        /// The hotel's or room's id.
        id: Uuid,
        /// Each wrong field.
        #[source]
        faults: Faults,
    },
    /// A locality is not one.
    #[error("the locality {id} is refused")]
    Locality {
        /// Its id.
        id: LocalityId,
        /// Why.
        #[source]
        invalid: Invalid,
    },
    /// An event is too large.
    #[error(transparent)]
    Event(#[from] EventRefused),
}

/// Brings sample data into a hotel database.
#[derive(Debug, Clone)]
pub struct Seeder {
    store: MySqlStore,
    region: String,
    topic: String,
    most_event_bytes: usize,
}

impl Seeder {
    /// Into the database of this pool; hotels belong to `region` (usually `eu`), `most_event_bytes` as the service has them.
    pub fn new(pool: MySqlPool, region: impl Into<String>, most_event_bytes: usize) -> Self {
        Self {
            store: MySqlStore::new(pool, None, RetrySettings::BRIEF),
            region: region.into(),
            topic: topic::HOTEL.to_owned(),
            most_event_bytes,
        }
    }

    /// With another topic for the events.
    #[must_use]
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = topic.into();
        self
    }

    /// Adds those localities that are not there; says how many. Any number may be given, a few thousand at once are
    /// good for a progress bar.
    pub async fn localities(&self, localities: &[SeedLocality]) -> Result<u64, SeedError> {
        let mut added = 0u64;
        for chunk in localities.chunks(LOCALITIES_AT_ONCE) {
            let ids: Vec<LocalityId> = chunk.iter().map(|seed| seed.locality_id).collect();
            let there = self.store.present(&ids).await?;
            let missing = chunk.iter().filter(|seed| !there.contains(&seed.locality_id));
            let parsed: Vec<NewLocality> = missing.map(parse_locality).collect::<Result<_, _>>()?;
            added = added
                .saturating_add(Localities::add_missing(&self.store, &parsed, SystemClock.read()).await?);
        }
        Ok(added)
    }

    /// Adds those hotels and rooms that are not there, each with its audit entry and event; says how many. A room's
    /// hotel must be there or in the same call.
    pub async fn hotels(&self, hotels: &[SeedHotel]) -> Result<Added, SeedError> {
        let catalogue = self.store.all().await?;
        let mut places = HashMap::new();
        let mut added = Added::default();
        for chunk in hotels.chunks(HOTELS_AT_ONCE) {
            let (of_hotels, of_rooms) = self.revisions(chunk, &catalogue, &mut places).await?;
            let (hotels, rooms) = Hotels::add_missing(&self.store, &of_hotels, &of_rooms).await?;
            added.hotels = added.hotels.saturating_add(hotels);
            added.rooms = added.rooms.saturating_add(rooms);
        }
        Ok(added)
    }

    async fn revisions(
        &self,
        chunk: &[SeedHotel],
        catalogue: &Catalogue,
        places: &mut HashMap<LocalityId, Locality>,
    ) -> Result<(Vec<Revision<Hotel>>, Vec<Revision<Room>>), SeedError> {
        let (mut of_hotels, mut of_rooms) = (Vec::new(), Vec::new());
        for seed in chunk {
            let locality = self.locality(seed, places).await?;
            let hotel = self.hotel(seed, catalogue, locality.as_ref())?;
            for room in &seed.rooms {
                of_rooms.push(self.room(room, &hotel.record, catalogue)?);
            }
            of_hotels.push(hotel);
        }
        Ok((of_hotels, of_rooms))
    }

    async fn locality(
        &self,
        seed: &SeedHotel,
        places: &mut HashMap<LocalityId, Locality>,
    ) -> Result<Option<Locality>, SeedError> {
        let Some(id) = seed.body.locality_id() else { return Ok(None) };
        if let Some(known) = places.get(&id) {
            return Ok(Some(known.clone()));
        }
        let found = Localities::find(&self.store, id).await?;
        places.extend(found.clone().map(|locality| (id, locality)));
        Ok(found)
    }

    fn hotel(
        &self,
        seed: &SeedHotel,
        catalogue: &Catalogue,
        locality: Option<&Locality>,
    ) -> Result<Revision<Hotel>, SeedError> {
        let refused = |faults| SeedError::Refused { id: seed.hotel_id.uuid(), faults };
        let facts = seed.body.parse(References { catalogue, locality, kept: None }).map_err(refused)?;
        let locality = locality.ok_or_else(|| refused(Faults::new()))?;
        let new = NewHotel { hotel_id: seed.hotel_id, owner_id: seed.owner_id, region: self.region.clone() };
        let (record, audit) = Hotel::create(new, facts, locality, &stamp());
        let event = published::hotel_changed(&record, locality, self.envelope())?;
        Ok(Revision { record, audit, event })
    }

    fn room(
        &self,
        seed: &SeedRoom,
        hotel: &Hotel,
        catalogue: &Catalogue,
    ) -> Result<Revision<Room>, SeedError> {
        let refused = |faults| SeedError::Refused { id: seed.room_id.uuid(), faults };
        let facts = seed.body.parse(catalogue, hotel.facts.currency).map_err(refused)?;
        let (record, audit) = Room::create(hotel.hotel_id, seed.room_id, facts, &stamp());
        let event = published::room_changed(&record, self.envelope())?;
        Ok(Revision { record, audit, event })
    }

    fn envelope(&self) -> Envelope {
        Envelope {
            id: EventId::from_uuid(SystemIds.uuid()),
            topic: self.topic.clone(),
            traceparent: None,
            most_bytes: self.most_event_bytes,
        }
    }
}

/// The system's stamp, now: sample data is nobody's.
fn stamp() -> AuditStamp {
    AuditStamp {
        actor: Actor::system(),
        at: SystemClock.read(),
        audit_id: AuditId::from_uuid(SystemIds.uuid()),
    }
}

fn parse_locality(seed: &SeedLocality) -> Result<NewLocality, SeedError> {
    read_locality(seed).map_err(|invalid| SeedError::Locality { id: seed.locality_id, invalid })
}

fn read_locality(seed: &SeedLocality) -> Result<NewLocality, Invalid> {
    let place = Place {
        locality_id: seed.locality_id,
        name: ::domain::Text::<1, 200>::parse(&seed.name)?.into(),
        country_code: CountryCode::parse(&seed.country_code)?,
        point: GeoPoint::parse(seed.latitude, seed.longitude)?,
    };
    let names = folded_names(&place.name, seed.other_names.iter().map(String::as_str));
    let time_zone = TimeZone::parse(&seed.time_zone)?;
    Ok(NewLocality { locality: Locality { place, names }, time_zone, population: seed.population })
}
