//! `booking.events`: an ended booking wakes the copying; an event after the purge amends the archived copy.

use async_trait::async_trait;
use domain::event::{BookingEvent, read_booking_event};
use events::consumer::{Handler, Record, Verdict};
use platform::{causes::causes, pace::Wake};

use crate::archiver::Archiver;

/// Wakes and amends.
#[derive(Clone)]
pub struct BookingEvents {
    archiver: Archiver,
    ended: Wake,
}

impl BookingEvents {
    /// Wakes `ended` when a booking has ended.
    pub const fn new(archiver: Archiver, ended: Wake) -> Self {
        Self { archiver, ended }
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
            Ok(Some((_, event))) => self.amend(event.data).await,
            Ok(None) => Verdict::passed_by(record),
            Err(error) => Verdict::reject(format!("not an event of booking.events: {error}")),
        }
    }

    async fn amend(&self, event: BookingEvent) -> Verdict {
        if !event.booking.status.has_ended() {
            return Verdict::Done;
        }
        self.ended.wake();
        match self.archiver.amend(&event.booking).await {
            Ok(_) => Verdict::Done,
            // Only this booking's copy is damaged: others of its partition must not wait for it.
            Err(error) if error.is_of_this_booking() => Verdict::damaged(causes(&error)),
            Err(error) => Verdict::retry(error),
        }
    }
}
