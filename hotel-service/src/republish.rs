//! Publishes hotels and rooms again as they stand in the database, through the outbox, a page at a time: what the event log
//! has lost is told anew, and readers who know it drop it by its version.

use ::domain::{Actor, AuditId, EventId, HotelId, RoomId, event::topic};
use events::outbox::NewEvent;
use platform::{
    causes::causes,
    clock::SystemClock,
    ids::{Ids as _, SystemIds},
    mysql::RetrySettings,
};
use sqlx::MySqlPool;
use uuid::Uuid;

use crate::{
    domain::{
        audit::Entry,
        hotel::{AuditStamp, Hotel},
        locality::Locality,
        room::Room,
    },
    published::{self, Envelope, EventRefused},
    store::{
        StoreError,
        mysql::{MySqlStore, Retold},
    },
};

pub use crate::store::mysql::{Again, PassedBy, Told};

/// Who raised a version, as the audit names them: nobody at a terminal has a token.
const COMMAND: &str = "vacancy admin republish --raise-version";

/// Tells the hotels and rooms of one database again.
#[derive(Debug, Clone)]
pub struct Republisher {
    store: MySqlStore,
    topic: String,
    most_event_bytes: usize,
    again: Again,
}

impl Republisher {
    /// Of the database of this pool, to `hotel.events`; `most_event_bytes` as the service has them.
    pub fn new(pool: MySqlPool, most_event_bytes: usize, again: Again) -> Self {
        let store = MySqlStore::new(pool, None, RetrySettings::BRIEF);
        Self { store, topic: topic::HOTEL.to_owned(), most_event_bytes, again }
    }

    /// To another topic.
    #[must_use]
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = topic.into();
        self
    }

    /// How many hotels and rooms there are to tell.
    pub async fn count(&self) -> Result<(u64, u64), StoreError> {
        self.store.count_again(self.again).await
    }

    /// Tells the page of hotels behind this one, nil for the first.
    pub async fn hotels(&self, after: HotelId) -> Result<Told<HotelId>, StoreError> {
        let tell = |hotel, locality: &_| self.hotel(hotel, locality);
        Ok(self.store.hotels_again(self.again, after, &tell).await?.map(HotelId::from_uuid))
    }

    /// Tells the page of rooms behind this one, nil for the first.
    pub async fn rooms(&self, after: RoomId) -> Result<Told<RoomId>, StoreError> {
        let tell = |room| self.room(room);
        Ok(self.store.rooms_again(self.again, after, &tell).await?.map(RoomId::from_uuid))
    }

    fn hotel(&self, hotel: Hotel, locality: &Locality) -> Result<Retold, PassedBy> {
        let (hotel, audit) = match self.again.raise_by {
            0 => (hotel, None),
            by => noted(hotel.raise(by, &stamp())),
        };
        let event = published::hotel_changed(&hotel, locality, self.envelope());
        retold("hotels", hotel.hotel_id.uuid(), audit, event)
    }

    fn room(&self, room: Room) -> Result<Retold, PassedBy> {
        let (room, audit) = match self.again.raise_by {
            0 => (room, None),
            by => noted(room.raise(by, &stamp())),
        };
        let event = published::room_changed(&room, self.envelope());
        retold("rooms", room.room_id.uuid(), audit, event)
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

fn noted<T>((record, entry): (T, Entry)) -> (T, Option<Entry>) {
    (record, Some(entry))
}

fn retold(
    table: &str,
    id: Uuid,
    audit: Option<Entry>,
    event: Result<NewEvent, EventRefused>,
) -> Result<Retold, PassedBy> {
    match event {
        Ok(event) => Ok(Retold { id, audit, event }),
        Err(error) => Err(PassedBy { row: format!("{table} {id}"), why: causes(&error) }),
    }
}

fn stamp() -> AuditStamp {
    let audit_id = AuditId::from_uuid(SystemIds.uuid());
    AuditStamp { actor: Actor::command(COMMAND), at: SystemClock.read(), audit_id }
}
