//! From outbox rows to records: in order per key, and entries that only name something become what it is.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::RoomId;
use platform::causes::BoxError;
use serde_json::value::RawValue;

use super::context::Context;
use crate::{
    event_log::{NewRecord, TRACEPARENT, VERSION},
    outbox::{
        BookingEntry, Entry, NewEvent, NightEntry,
        rows::{Broken, OutboxRow},
    },
};

/// Events are CloudEvents in structured mode.
const CONTENT_TYPE: (&str, &str) = ("content-type", "application/cloudevents+json; charset=utf-8");

/// What becomes of a batch of rows.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// What is published.
    pub(super) records: Vec<NewRecord>,
    /// What cannot be told, and is passed.
    pub(super) broken: Vec<Broken>,
}

/// Where an entry stands.
type Place = (u64, u32);

/// The entries of a batch, each kind by itself.
#[derive(Default)]
struct Sorted {
    events: Vec<NewEvent>,
    bookings: Vec<BookingEntry>,
    /// Where the bookings stand.
    places: Vec<Place>,
    /// A night that was touched often is told once.
    nights: BTreeMap<(RoomId, NaiveDate), NightEntry>,
    broken: Vec<Broken>,
}

/// The records of a batch. State is read here, after the rows were, so it is at least as new as each of them.
pub(super) async fn resolve(relay: &Context, rows: &[OutboxRow]) -> Result<Resolved, BoxError> {
    let mut sorted = Sorted::default();
    for row in rows {
        sorted.take(row, relay.source.is_some());
    }
    let Sorted { mut events, bookings, places, nights, mut broken } = sorted;
    if let Some(source) = &relay.source {
        if !bookings.is_empty() {
            let mut told = source.bookings(&bookings).await?.into_iter();
            for (entry, place) in bookings.iter().zip(places) {
                match told.next().flatten() {
                    Some(event) => events.push(event),
                    None => broken.push(nowhere(entry, place)?),
                }
            }
        }
        if !nights.is_empty() {
            let nights: Vec<NightEntry> = nights.into_values().collect();
            events.extend(source.nights(&nights).await?);
        }
    }
    // Ids rise within a key because its row is locked when they are given; the version says so outright.
    events.sort_by(|a, b| (&a.key, a.version).cmp(&(&b.key, b.version)));
    Ok(Resolved { records: events.into_iter().map(record).collect(), broken })
}

impl Sorted {
    fn take(&mut self, row: &OutboxRow, has_source: bool) {
        let Some(entries) = &row.entries else { return };
        let Ok(texts) = serde_json::from_slice::<Vec<&RawValue>>(entries) else {
            return self.refuse((row.outbox_id, 0), entries, "the row is not a list of entries");
        };
        for (text, place) in texts.into_iter().zip(0..) {
            let place = (row.outbox_id, place);
            match serde_json::from_str(text.get()) {
                Ok(Entry::Record(event)) => self.events.push(event),
                Ok(Entry::Booking(booking)) if has_source => {
                    self.bookings.push(booking);
                    self.places.push(place);
                }
                Ok(Entry::Night(night)) if has_source => {
                    self.nights.insert((night.room_id, night.date), night);
                }
                Ok(Entry::Booking(_) | Entry::Night(_)) => {
                    self.refuse(place, text.get().as_bytes(), "nobody here knows what it names");
                }
                Err(_) => self.refuse(place, text.get().as_bytes(), "it cannot be read"),
            }
        }
    }

    fn refuse(&mut self, (outbox_id, place): Place, entry: &[u8], why: &'static str) {
        self.broken.push(Broken { outbox_id, place, entry: entry.to_vec(), why });
    }
}

fn nowhere(entry: &BookingEntry, (outbox_id, place): Place) -> Result<Broken, serde_json::Error> {
    let entry = serde_json::to_vec(&Entry::Booking(entry.clone()))?;
    Ok(Broken { outbox_id, place, entry, why: "its booking is nowhere, or its facts cannot be read" })
}

fn record(event: NewEvent) -> NewRecord {
    let (name, value) = CONTENT_TYPE;
    let version = (VERSION.to_owned(), event.version.to_string());
    let mut headers = BTreeMap::from([(name.to_owned(), value.to_owned()), version]);
    headers.extend(event.traceparent.map(|value| (TRACEPARENT.to_owned(), value)));
    NewRecord {
        topic: event.topic,
        key: event.key,
        partition_key: event.partition_key,
        headers,
        payload: event.payload,
    }
}
