//! What the relay tells of bookings and nights: an outbox entry only names them. Facts are those that were just read or written, or
//! are read like the nights when they are told.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
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
use sqlx::MySqlPool;

use crate::{
    domain::blank_event,
    queries::{
        facts,
        nights::{self, NightNow},
    },
    store::FreshFacts,
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
    /// What batches have just read or written.
    pub fresh: FreshFacts,
}

#[async_trait]
impl Source for Telling {
    async fn bookings(&self, entries: &[BookingEntry]) -> Result<Vec<Option<NewEvent>>, BoxError> {
        let without = entries.iter().filter(|entry| entry.facts.is_none());
        let mut ids: BTreeSet<BookingId> = without.map(|entry| entry.booking_id).collect();
        let fresh: HashMap<BookingId, Arc<str>> =
            ids.iter().filter_map(|id| Some((*id, self.fresh.take(*id)?))).collect();
        ids.retain(|id| !fresh.contains_key(id));
        let read = facts::by_ids(&self.pool, &ids).await?;
        let told = |entry: &BookingEntry| {
            let (own, id) = (entry.facts.as_ref().map(|own| own.get()), &entry.booking_id);
            let kept = || fresh.get(id).map(|fresh| &**fresh).or_else(|| Some(read.get(id)?.get()));
            booking(entry, own.or_else(kept)?)
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

fn booking(entry: &BookingEntry, facts: &str) -> Option<NewEvent> {
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
