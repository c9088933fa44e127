//! The plan's events as outbox rows.

use std::collections::BTreeMap;

use booking_core::{Plan, PlannedEvent};
use chrono::NaiveDate;
use domain::{
    HotelId, RoomId,
    event::{CloudEvent, Occurrence, night_key, topic},
};
use events::{outbox::NewEvent, traceparent};
use platform::mysql::Literal;

use super::{Script, WriteError, corrupt};

/// Who says it.
const SOURCE: &str = "/vacancy/booking-service";

/// One row per event with all its facts, and one per touched night without a payload: what it is then, the relay
/// reads after the commit.
pub(crate) fn write(script: &mut Script, plan: &Plan) -> Result<(), WriteError> {
    let traceparent = traceparent::current();
    let told = plan.events.iter().map(|event| told(event, traceparent.clone()));
    let mut rows = told.collect::<Result<Vec<_>, _>>().map_err(|error| WriteError::Db(corrupt(error)))?;
    let hotels = hotels(plan);
    for at in plan.nights.keys() {
        let hotel =
            hotels.get(&at.0).ok_or_else(|| WriteError::Db(corrupt("a night of no booking that is told")))?;
        rows.push(touched(*hotel, *at, traceparent.clone()));
    }
    script.insert(
        "insert into outbox (lane, topic, event_key, partition_key, version, payload, traceparent, created_at) values ",
        rows,
        |sql, event| {
            sql.row(&[
                &event.lane(),
                &event.topic,
                &event.key,
                &event.partition_key,
                &event.version,
                &event.payload,
                &event.traceparent,
                &Local,
            ]);
        },
    );
    Ok(())
}

/// The server's own time, as the relay's other writers have it.
struct Local;

impl Literal for Local {
    fn write_to(&self, sql: &mut String) {
        sql.push_str("now(6)");
    }
}

/// The hotels of the rooms that the events tell of. Whatever takes or gives back a night tells it.
fn hotels(plan: &Plan) -> BTreeMap<RoomId, HotelId> {
    let bookings = plan.events.iter().map(|event| &event.body.booking);
    bookings
        .flat_map(|booking| booking.facts.lines.iter().map(|line| (line.room_id, booking.hotel_id)))
        .collect()
}

fn told(event: &PlannedEvent, traceparent: Option<String>) -> Result<NewEvent, serde_json::Error> {
    let key = event.body.booking.booking_id.to_string();
    let version = event.body.booking.version;
    let occurrence = Occurrence { kind: event.happening.kind(), subject: key.clone(), time: event.at };
    let mut cloud = CloudEvent::new(event.event_id, SOURCE, occurrence, &event.body);
    cloud.traceparent.clone_from(&traceparent);
    let payload = Some(serde_json::to_vec(&cloud)?);
    let topic = topic::BOOKING.to_owned();
    let hotel = Some(event.body.booking.hotel_id);
    Ok(NewEvent { topic, hotel, partition_key: key.clone(), key, version, payload, traceparent })
}

/// A night whose availability shall be told as it is after the commit. It has no version before.
pub(crate) fn touched(
    hotel: HotelId,
    (room, date): (RoomId, NaiveDate),
    traceparent: Option<String>,
) -> NewEvent {
    NewEvent {
        hotel: Some(hotel),
        topic: topic::AVAILABILITY.to_owned(),
        key: night_key(room, date),
        partition_key: room.to_string(),
        version: 0,
        payload: None,
        traceparent,
    }
}
