//! `booking.events`: an ended booking wakes the copying; an event after the purge amends the archived copy.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{BookingId, event::read_booking_event};
use events::consumer::{Handler, Record, Verdict, read_events, verdicts};
use platform::{causes::causes, pace::Wake};
use records::newest;

use crate::archiver::{ArchiveFailed, Archiver};

/// Wakes and amends.
#[derive(Clone)]
pub struct BookingEvents {
    archiver: Archiver,
    ended: Wake,
    /// Copies amended side by side.
    side_by_side: usize,
}

impl BookingEvents {
    /// Wakes `ended` when bookings have ended.
    pub const fn new(archiver: Archiver, ended: Wake, side_by_side: usize) -> Self {
        Self { archiver, ended, side_by_side }
    }
}

#[async_trait]
impl Handler for BookingEvents {
    async fn handle(&self, records: &[Record]) -> Vec<Verdict> {
        let events = read_events(records, read_booking_event);
        let bookings = events.iter().flatten().map(|(_, event)| &event.data.booking);
        let ended = newest(bookings.filter(|booking| booking.status.has_ended()));
        if ended.is_empty() {
            return verdicts(events, |_| Verdict::Done);
        }
        self.ended.wake();
        let (ids, ended): (Vec<BookingId>, Vec<_>) = ended.into_iter().unzip();
        match self.archiver.amend(&ended, self.side_by_side).await {
            Ok(amended) => {
                let amended: BTreeMap<_, _> = ids.into_iter().zip(amended).collect();
                verdicts(events, |(_, event)| verdict(amended.get(&event.data.booking.booking_id)))
            }
            Err(error) => verdicts(events, |_| Verdict::retry(causes(&error))),
        }
    }
}

/// Of an event, by what became of its booking.
fn verdict(amended: Option<&Result<bool, ArchiveFailed>>) -> Verdict {
    match amended {
        None | Some(Ok(_)) => Verdict::Done,
        // Only this booking's copy is damaged: others of its partition must not wait for it.
        Some(Err(error)) if error.is_of_this_booking() => Verdict::damaged(causes(error)),
        Some(Err(error)) => Verdict::retry(causes(error)),
    }
}
