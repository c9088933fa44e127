//! `booking.events`: an ended booking wakes the copying; an event after the purge amends the archived copy.

use async_trait::async_trait;
use domain::event::{BookingEvent, BookingHappening, CloudEvent};
use platform::consumer::{Handler, Record, Verdict};
use serde::Deserialize;

use crate::{archiver::Archiver, jobs::Wake};

/// Wakes and amends.
#[derive(Clone)]
pub struct BookingEvents {
    archiver: Archiver,
    ended: Wake,
}

/// What tells whether we know the rest.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
}

impl BookingEvents {
    /// Wakes `ended` when a booking has ended.
    pub const fn new(archiver: Archiver, ended: Wake) -> Self {
        Self { archiver, ended }
    }
}

#[async_trait]
impl Handler for BookingEvents {
    async fn handle(&self, record: &Record) -> Verdict {
        let Some(payload) = &record.payload else { return Verdict::Done };
        match read(payload) {
            Ok(Some(event)) => self.take(event).await,
            Ok(None) => Verdict::Done,
            Err(error) => Verdict::reject(format!("not an event of booking.events: {error}")),
        }
    }
}

impl BookingEvents {
    async fn take(&self, event: BookingEvent) -> Verdict {
        if !event.booking.status.has_ended() {
            return Verdict::Done;
        }
        self.ended.wake();
        match self.archiver.amend(&event.booking).await {
            Ok(_) => Verdict::Done,
            Err(error) => Verdict::retry(error),
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
