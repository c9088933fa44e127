//! What the relay tells of bookings and nights: an outbox entry only names them, and the rest is read when it is told.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use chrono::NaiveDate;
use domain::{
    BookingId, EventId, Instant, RoomId,
    event::{AvailabilityChanged, CloudEvent, Occurrence, kind, night_key, topic},
};
use events::{
    outbox::{BookingEntry, NewEvent, NightEntry},
    relay::Source,
};
use platform::{causes::BoxError, clock::Clock, ids::Ids};
use serde_json::value::RawValue;
use sqlx::MySqlPool;

use crate::{
    domain::blank_event,
    queries::{
        facts,
        nights::{self, NightNow},
    },
};

/// Who says it.
const SOURCE: &str = "/vacancy/booking-service";

/// Tells bookings with their facts, and nights as they are.
pub struct Telling {
    /// The primary.
    pub pool: MySqlPool,
    /// Tells which nights are over.
    pub clock: Arc<dyn Clock>,
    /// Names events.
    pub ids: Arc<dyn Ids>,
}

#[async_trait]
impl Source for Telling {
    async fn bookings(&self, entries: &[BookingEntry]) -> Result<Vec<Option<NewEvent>>, BoxError> {
        let without = entries.iter().filter(|entry| entry.facts.is_none());
        let ids: BTreeSet<BookingId> = without.map(|entry| entry.booking_id).collect();
        let facts = facts::by_ids(&self.pool, &ids).await?;
        let told = |entry: &BookingEntry| {
            let facts = entry.facts.as_ref().or_else(|| facts.get(&entry.booking_id))?;
            booking(entry, facts)
        };
        Ok(entries.iter().map(told).collect())
    }

    async fn nights(&self, entries: &[NightEntry]) -> Result<Vec<NewEvent>, BoxError> {
        let now = self.clock.now().await?;
        let wanted: BTreeMap<(RoomId, NaiveDate), &NightEntry> =
            entries.iter().map(|entry| ((entry.room_id, entry.date), entry)).collect();
        let at: Vec<_> = wanted.keys().copied().collect();
        let mut told = Vec::with_capacity(at.len());
        for (at, night) in nights::current(&self.pool, &at).await? {
            let traceparent = wanted.get(&at).and_then(|entry| entry.traceparent.clone());
            told.push(NewEvent { traceparent, ..self.night(at, &night, now)? });
        }
        Ok(told)
    }
}

fn booking(entry: &BookingEntry, facts: &RawValue) -> Option<NewEvent> {
    let key = entry.booking_id.to_string();
    Some(NewEvent {
        topic: topic::BOOKING.to_owned(),
        partition_key: key.clone(),
        key,
        hotel: Some(entry.hotel_id),
        version: entry.version,
        payload: Some(blank_event::fill(&entry.event, facts)?),
        traceparent: entry.traceparent.clone(),
    })
}

impl Telling {
    fn night(
        &self,
        (room, date): (RoomId, NaiveDate),
        night: &NightNow,
        now: Instant,
    ) -> Result<NewEvent, serde_json::Error> {
        let is_over = night.time_zone.is_some_and(|zone| date < zone.date_of(now));
        Ok(NewEvent {
            topic: topic::AVAILABILITY.to_owned(),
            key: night_key(room, date),
            hotel: Some(night.hotel_id),
            partition_key: room.to_string(),
            version: night.version,
            payload: if is_over { None } else { Some(self.availability(room, date, night, now)?) },
            traceparent: None,
        })
    }

    fn availability(
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
        let subject = night_key(room_id, date);
        let occurrence = Occurrence { kind: kind::AVAILABILITY_CHANGED, subject, time: now };
        serde_json::to_vec(&CloudEvent::new(id, SOURCE, occurrence, data))
    }
}
