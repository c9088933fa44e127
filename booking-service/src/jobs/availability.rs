//! What a night is now: the relay asks after the commit and publishes absolute quantities.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::NaiveDate;
use domain::{
    EventId, Instant, RoomId,
    event::{AvailabilityChanged, CloudEvent, Occurrence, kind, parse_night_key},
};
use events::relay::{CurrentRecord, CurrentState};
use platform::{causes::BoxError, clock::Clock, ids::Ids};
use sqlx::MySqlPool;

use crate::queries::nights::{self, NightNow};

/// Who says it.
const SOURCE: &str = "/vacancy/booking-service";

/// Reads nights as they are.
pub struct Availability {
    /// The primary.
    pub pool: MySqlPool,
    /// Tells which nights are over.
    pub clock: Arc<dyn Clock>,
    /// Names events.
    pub ids: Arc<dyn Ids>,
}

#[async_trait]
impl CurrentState for Availability {
    async fn read(&self, keys: &[String]) -> Result<Vec<CurrentRecord>, BoxError> {
        let now = self.clock.now().await?;
        let wanted: Vec<_> = keys.iter().filter_map(|key| parse_night_key(key)).collect();
        let found = nights::current(&self.pool, &wanted).await?;
        found.into_iter().map(|((room, date), night)| Ok(self.record(room, date, &night, now)?)).collect()
    }
}

impl Availability {
    fn record(
        &self,
        room: RoomId,
        date: NaiveDate,
        night: &NightNow,
        now: Instant,
    ) -> Result<CurrentRecord, serde_json::Error> {
        let key = domain::event::night_key(room, date);
        let is_over = night.time_zone.is_some_and(|zone| date < zone.date_of(now));
        let payload = if is_over { None } else { Some(self.payload(room, date, night, now)?) };
        Ok(CurrentRecord { key, partition_key: room.to_string(), version: night.version, payload })
    }

    fn payload(
        &self,
        room_id: RoomId,
        date: NaiveDate,
        night: &NightNow,
        now: Instant,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let data = AvailabilityChanged {
            hotel_id: night.hotel_id,
            room_id,
            date,
            initial_quantity: night.initial_quantity,
            available_quantity: night.available_quantity,
            version: night.version,
        };
        let id = EventId::from_uuid(self.ids.uuid());
        let subject = domain::event::night_key(room_id, date);
        let occurrence = Occurrence { kind: kind::AVAILABILITY_CHANGED, subject, time: now };
        serde_json::to_vec(&CloudEvent::new(id, SOURCE, occurrence, data))
    }
}
