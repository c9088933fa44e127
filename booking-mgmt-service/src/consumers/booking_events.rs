//! `booking.events`: bodies in Redis are refreshed as bookings change, so that reads find them at their version.

use async_trait::async_trait;
use domain::event::read_booking_event;
use events::consumer::{Handler, Record, Verdict};
use records::BodyCache;

/// Refreshes bodies. A Redis that is down costs nothing but its help, so nothing is ever tried again.
#[derive(Clone)]
pub struct BookingEvents {
    bodies: BodyCache,
}

impl BookingEvents {
    /// Writes to this cache, only what is newer.
    pub const fn new(bodies: BodyCache) -> Self {
        Self { bodies }
    }
}

#[async_trait]
impl Handler for BookingEvents {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        let mut verdicts = Vec::with_capacity(records.len());
        for record in records {
            verdicts.push(self.take(record).await);
            if matches!(verdicts.last(), Some(Verdict::Retry(_))) {
                break;
            }
        }
        verdicts
    }
}

impl BookingEvents {
    async fn take(&self, record: &Record) -> Verdict {
        let Some(payload) = &record.payload else { return Verdict::Done };
        match read_booking_event(payload) {
            Ok(Some((_, event))) => {
                self.bodies.write(&event.data.booking).await;
                Verdict::Done
            }
            Ok(None) => Verdict::passed_by(record),
            Err(error) => Verdict::reject(format!("not an event of booking.events: {error}")),
        }
    }
}
