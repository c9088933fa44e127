//! Publishes hotels and rooms again as they stand in the database, through the outbox, a page at a time: what the event log
//! has lost is told anew, and readers who know it drop it by its version.

use ::domain::{EventId, HotelId, RoomId, event::topic};
use platform::{
    ids::{Ids as _, SystemIds},
    mysql::RetrySettings,
};
use sqlx::MySqlPool;

use crate::{
    published::{self, Envelope, MOST_EVENT_BYTES},
    store::{StoreError, mysql::MySqlStore},
};

pub use crate::store::mysql::{Again, NotTold};

/// Tells the hotels and rooms of one database again.
#[derive(Debug, Clone)]
pub struct Republisher {
    store: MySqlStore,
    topic: String,
    again: Again,
}

impl Republisher {
    /// Of the database of this pool, to `hotel.events`.
    pub fn new(pool: MySqlPool, again: Again) -> Self {
        let store = MySqlStore::new(pool, None, RetrySettings::BRIEF);
        Self { store, topic: topic::HOTEL.to_owned(), again }
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

    /// Tells the page of hotels behind this one, nil for the first; fewer than a page are the last.
    pub async fn hotels(&self, after: HotelId) -> Result<Vec<HotelId>, NotTold> {
        let event = |hotel: &_, locality: &_| published::hotel_changed(hotel, locality, self.envelope());
        self.store.hotels_again(self.again, after, &event).await
    }

    /// Tells the page of rooms behind this one, nil for the first; fewer than a page are the last.
    pub async fn rooms(&self, after: RoomId) -> Result<Vec<RoomId>, NotTold> {
        self.store
            .rooms_again(self.again, after, &|room| published::room_changed(room, self.envelope()))
            .await
    }

    fn envelope(&self) -> Envelope {
        Envelope {
            id: EventId::from_uuid(SystemIds.uuid()),
            topic: self.topic.clone(),
            traceparent: None,
            most_bytes: MOST_EVENT_BYTES,
        }
    }
}
