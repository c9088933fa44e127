//! Merges parts into stored documents, many at once: read, merge the newer parts, write what is unchanged, else once more.

mod hotels;
mod rooms;

use std::{sync::Arc, time::Duration};

use chrono::NaiveDate;
use domain::{RoomId, event::AvailabilityChanged};
use platform::clock::{Clock, ClockUnavailable};
use rooms::RoomChange;

use crate::{
    domain::document::{Night, RoomDocument},
    index::{Index, IndexError},
};

/// Tries before contended documents are left to the consumer's own retry.
const ATTEMPTS: u32 = 8;
/// The wait after a conflict, times the number of the try: others are writing the same document right now.
const WAIT: Duration = Duration::from_millis(5);

/// Why parts are not merged, none of them as far as the caller can know. May pass.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The clock, which decides which nights are past, could not be read.
    #[error(transparent)]
    Clock(#[from] ClockUnavailable),
    /// Others wrote the same documents at each of our tries.
    #[error("a document was written by others at each of {ATTEMPTS} tries")]
    Contended,
}

/// What became of a part. Neither refusal passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    /// It is merged, or was.
    Done,
    /// The index will never take the document that came of it.
    Refused(String),
    /// What is stored cannot be read, and the part does not bring it anew.
    Damaged(String),
}

/// What `availability.events` tells of a night.
#[derive(Debug, Clone, PartialEq)]
pub enum NightEvent {
    /// It changed.
    Changed(AvailabilityChanged),
    /// It got its tombstone: it is over.
    Ended(RoomId, NaiveDate),
}

/// Merges parts into an index. Late, duplicate and concurrent parts end in the same documents.
#[derive(Clone)]
pub struct Merger {
    index: Arc<dyn Index>,
    clock: Arc<dyn Clock>,
}

impl Merger {
    /// A merger into `index`.
    pub fn new(index: Arc<dyn Index>, clock: Arc<dyn Clock>) -> Self {
        Self { index, clock }
    }

    /// Nights changed or ended; what became of each, in order.
    pub async fn nights(&self, events: &[&NightEvent]) -> Result<Vec<Merged>, MergeError> {
        let changes: Vec<RoomChange<'_>> = events.iter().map(|event| change(event)).collect();
        self.merge_rooms(&changes).await
    }
}

/// A tombstone of a room that is not known makes no document.
fn change(event: &NightEvent) -> RoomChange<'_> {
    match event {
        NightEvent::Changed(changed) => {
            let night = Night { available: changed.available_quantity, version: changed.version };
            let hear = move |document: &mut RoomDocument| document.hear_night(changed.date, night);
            RoomChange { room: changed.room_id, hotel: Some(changed.hotel_id), hear: Box::new(hear) }
        }
        NightEvent::Ended(room, date) => {
            let forget = |document: &mut RoomDocument| document.forget_night(*date);
            RoomChange { room: *room, hotel: None, hear: Box::new(forget) }
        }
    }
}

#[cfg(test)]
mod tests;
