//! Merges parts into stored documents, many at once: read, merge the newer parts, write what is unchanged, else once more.

mod hotels;
mod merger;
mod rooms;

use chrono::NaiveDate;
use domain::{RoomId, event::AvailabilityChanged};

use self::rooms::RoomChange;
use crate::domain::document::{Night, RoomDocument};

pub use self::merger::{MergeError, Merged, Merger};

/// What `availability.events` tells of a night.
#[derive(Debug, Clone, PartialEq)]
pub enum NightEvent {
    /// It changed.
    Changed(AvailabilityChanged),
    /// It got its tombstone: it is over.
    Ended(RoomId, NaiveDate),
}

impl Merger {
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
