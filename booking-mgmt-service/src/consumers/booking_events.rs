//! `booking.events`: bodies in Redis are refreshed as bookings change, so that reads find them at their version.

use async_trait::async_trait;
use domain::event::read_booking_event;
use events::consumer::{Handler, Record, Verdict, read_events, verdicts};
use records::{BodyCache, newest};

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
        let events = read_events(records, read_booking_event);
        let bookings = newest(events.iter().flatten().map(|(_, event)| &event.data.booking));
        self.bodies.write(bookings.into_values()).await;
        verdicts(events, |_| Verdict::Done)
    }
}
