//! The plan's events and touched nights, as outbox rows: one for each lane.

use std::collections::{BTreeMap, BTreeSet};

use booking_core::{Home, Plan, PlannedEvent};
use chrono::NaiveDate;
use domain::{
    BookingId, HotelId, RoomId,
    event::{CloudEvent, Occurrence},
};
use events::{
    outbox::{self, BookingEntry, Entry, NightEntry},
    traceparent,
};
use platform::mysql::Literal;
use serde_json::value::to_raw_value;

use super::{Script, WriteError, corrupt};
use crate::domain::blank_event;

/// Who says it.
const SOURCE: &str = "/vacancy/booking-service";

/// One entry per event, without the facts that stand in the booking's row, and one per touched night: what it is then, the
/// relay reads after the commit.
pub(crate) fn write(script: &mut Script, plan: &Plan) -> Result<(), WriteError> {
    let unwritable = |error: serde_json::Error| WriteError::Db(corrupt(error));
    let entries = entries(plan)?;
    #[cfg(feature = "planted_faults")]
    let entries = crate::mistakes::told(entries);
    let rows = outbox::rows_of(&entries).map_err(unwritable)?;
    script.insert("insert into outbox (lane, records, entries, created_at) values ", rows, |sql, row| {
        sql.row(&[&row.lane, &row.records, &row.entries, &Local]);
    });
    Ok(())
}

/// The server's own time, as the relay's other writers have it.
struct Local;

impl Literal for Local {
    fn write_to(&self, sql: &mut String) {
        sql.push_str("now(6)");
    }
}

fn entries(plan: &Plan) -> Result<Vec<Entry>, WriteError> {
    let traceparent = traceparent::current();
    let purged: BTreeSet<BookingId> =
        plan.moves.iter().filter(|step| step.home == Home::Purged).map(|step| step.booking_id).collect();
    let mut entries = Vec::with_capacity(plan.events.len().saturating_add(plan.nights.len()));
    for event in &plan.events {
        let is_purged = purged.contains(&event.body.booking.booking_id);
        let told = told(event, is_purged, traceparent.clone());
        entries.push(Entry::Booking(told.map_err(|error| WriteError::Db(corrupt(error)))?));
    }
    let hotels = hotels(plan);
    for at in plan.nights.keys() {
        let hotel =
            hotels.get(&at.0).ok_or_else(|| WriteError::Db(corrupt("a night of no booking that is told")))?;
        entries.push(touched(*hotel, *at, traceparent.clone()));
    }
    Ok(entries)
}

/// The hotels of the rooms that the events tell of. Whatever takes or gives back a night tells it.
fn hotels(plan: &Plan) -> BTreeMap<RoomId, HotelId> {
    let bookings = plan.events.iter().map(|event| &event.body.booking);
    bookings
        .flat_map(|booking| booking.facts.lines.iter().map(|line| (line.room_id, booking.hotel_id)))
        .collect()
}

/// An event of a booking; with its facts where its row is gone.
pub(crate) fn told(
    event: &PlannedEvent,
    is_purged: bool,
    traceparent: Option<String>,
) -> Result<BookingEntry, serde_json::Error> {
    let booking = &event.body.booking;
    let subject = booking.booking_id.to_string();
    let occurrence = Occurrence { kind: event.happening.kind(), subject, time: event.at };
    let mut cloud = CloudEvent::new(event.event_id, SOURCE, occurrence, &event.body);
    cloud.traceparent.clone_from(&traceparent);
    Ok(BookingEntry {
        hotel_id: booking.hotel_id,
        booking_id: booking.booking_id,
        version: booking.version,
        event: blank_event::write(cloud)?,
        facts: if is_purged { Some(to_raw_value(&*booking.facts)?) } else { None },
        traceparent,
    })
}

/// A night whose availability shall be told as it is after the commit.
pub(crate) fn touched(
    hotel_id: HotelId,
    (room_id, date): (RoomId, NaiveDate),
    traceparent: Option<String>,
) -> Entry {
    Entry::Night(NightEntry { hotel_id, room_id, date, traceparent })
}
