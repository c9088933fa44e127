//! `booking.events`: bodies in Redis are refreshed as bookings change, so that reads find them at their version.

use async_trait::async_trait;
use domain::event::{BookingEvent, BookingHappening, CloudEvent};
use platform::consumer::{Handler, Record, Verdict};
use records::BodyCache;
use serde::Deserialize;

/// Refreshes bodies. A Redis that is down costs nothing but its help, so nothing is ever tried again.
#[derive(Clone)]
pub struct BookingEvents {
    bodies: BodyCache,
}

/// What tells whether we know the rest.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
}

impl BookingEvents {
    /// Writes to this cache, only what is newer.
    pub const fn new(bodies: BodyCache) -> Self {
        Self { bodies }
    }
}

#[async_trait]
impl Handler for BookingEvents {
    async fn handle(&self, record: &Record) -> Verdict {
        let Some(payload) = &record.payload else { return Verdict::Done };
        match read(payload) {
            Ok(Some(event)) => {
                self.bodies.write(&event.booking).await;
                Verdict::Done
            }
            Ok(None) => Verdict::Done,
            Err(error) => Verdict::reject(format!("not an event of booking.events: {error}")),
        }
    }
}

/// The event; none if its type is a newer writer's.
fn read(payload: &[u8]) -> Result<Option<BookingEvent>, serde_json::Error> {
    let envelope: Envelope = serde_json::from_slice(payload)?;
    if BookingHappening::of_kind(&envelope.kind).is_none() {
        return Ok(None);
    }
    serde_json::from_slice::<CloudEvent<BookingEvent>>(payload).map(|event| Some(event.data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_writers_event_is_passed_by_and_garbage_is_refused() {
        assert!(matches!(read(br#"{"type": "vacancy.booking.upgraded.v1", "data": {}}"#), Ok(None)));
        for garbage in
            [&b"nonsense"[..], b"{}", br#"{"type": "vacancy.booking.booked.v1", "data": {"booking": 1}}"#]
        {
            assert!(read(garbage).is_err());
        }
    }
}
