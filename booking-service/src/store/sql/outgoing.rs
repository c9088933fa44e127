//! The plan's events as outbox rows.

use booking_core::{Plan, PlannedEvent};
use domain::event::{CloudEvent, night_key, topic};
use events::{
    outbox::{self, NewEvent},
    traceparent,
};
use sqlx::MySqlConnection;

use super::{WriteError, corrupt};

/// Who says it.
const SOURCE: &str = "/vacancy/booking-service";

/// One row per event with all its facts, and one per touched night without a payload: what it is then, the relay
/// reads after the commit.
pub(crate) async fn write(conn: &mut MySqlConnection, plan: &Plan) -> Result<(), WriteError> {
    let traceparent = traceparent::current();
    let told = plan.events.iter().map(|event| told(event, traceparent.clone()));
    let mut rows = told.collect::<Result<Vec<_>, _>>().map_err(|error| WriteError::Db(corrupt(error)))?;
    let nights = plan.nights.keys();
    rows.extend(nights.map(|(room, date)| touched((*room, *date), traceparent.clone())));
    outbox::insert(conn, &rows).await?;
    Ok(())
}

fn told(event: &PlannedEvent, traceparent: Option<String>) -> Result<NewEvent, serde_json::Error> {
    let key = event.body.booking.booking_id.to_string();
    let version = event.body.booking.version;
    let about = (key.clone(), event.at);
    let mut cloud = CloudEvent::new(event.event_id, SOURCE, event.happening.kind(), about, &event.body);
    cloud.traceparent.clone_from(&traceparent);
    let payload = Some(serde_json::to_vec(&cloud)?);
    let topic = topic::BOOKING.to_owned();
    Ok(NewEvent { topic, partition_key: key.clone(), key, version, payload, traceparent })
}

/// A night whose availability shall be told as it is after the commit. It has no version before.
pub(crate) fn touched(
    (room, date): (domain::RoomId, chrono::NaiveDate),
    traceparent: Option<String>,
) -> NewEvent {
    NewEvent {
        topic: topic::AVAILABILITY.to_owned(),
        key: night_key(room, date),
        partition_key: room.to_string(),
        version: 0,
        payload: None,
        traceparent,
    }
}
