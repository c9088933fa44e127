//! Merges parts into stored documents: read, merge the newer parts, write if unchanged, else once more.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::NaiveDate;
use domain::{
    HotelId, Instant, RoomId,
    event::AvailabilityChanged,
    hotel::{HotelChanged, RoomChanged},
};
use platform::clock::{Clock, ClockUnavailable};

use crate::{
    domain::document::{HotelDocument, HotelPart, Night, RoomDocument},
    index::{Index, IndexError, Stamped, Stored},
};

/// Tries before a contended document is left to the consumer's own retry.
const ATTEMPTS: u32 = 8;
/// The wait after a conflict, times the number of the try: others are writing the same document right now.
const WAIT: Duration = Duration::from_millis(5);
/// Rooms of one hotel that are read and written together.
const ROOMS_AT_ONCE: usize = 100;

/// Why a part is not merged yet. All of it may pass.
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

    /// A hotel changed: its document and those of all its rooms. Also an old event lends the rooms what is known now:
    /// it may be the repeat of one that a crash cut in half.
    pub async fn hotel_changed(&self, hotel: &HotelChanged) -> Result<(), MergeError> {
        let document = self.merge_hotel(hotel.hotel_id, &|document| document.hear(hotel)).await?;
        let Some(part) = document.part() else { return Ok(()) };
        let rooms: Vec<RoomId> = document.rooms.into_iter().collect();
        for some in rooms.chunks(ROOMS_AT_ONCE) {
            let wanted = some.iter().map(|room| (*room, hotel.hotel_id)).collect();
            self.merge_rooms(wanted, &|room| room.hear_hotel(&part)).await?;
        }
        Ok(())
    }

    /// A room changed: it goes on its hotel's list, so that later changes of the hotel find it, then into its document.
    pub async fn room_changed(&self, room: &RoomChanged) -> Result<(), MergeError> {
        let listed = self.merge_hotel(room.hotel_id, &|hotel| hotel.rooms.insert(room.room_id)).await?;
        let part: Option<HotelPart> = listed.part();
        let change = |document: &mut RoomDocument| {
            let hotel_is_news = part.as_ref().is_some_and(|part| document.hear_hotel(part));
            document.hear_room(room) | hotel_is_news
        };
        self.merge_rooms(vec![(room.room_id, room.hotel_id)], &change).await
    }

    /// A night changed.
    pub async fn night_changed(&self, changed: &AvailabilityChanged) -> Result<(), MergeError> {
        let night = Night { available: changed.available_quantity, version: changed.version };
        let room = vec![(changed.room_id, changed.hotel_id)];
        self.merge_rooms(room, &|document| document.hear_night(changed.date, night)).await
    }

    /// A night got its tombstone: it is over.
    pub async fn night_ended(&self, room: RoomId, date: NaiveDate) -> Result<(), MergeError> {
        let known = self.index.load_rooms(&[room]).await?;
        let Some(known) = known.first() else { return Ok(()) };
        let room = vec![(room, known.document.hotel_id)];
        self.merge_rooms(room, &|document| document.forget_night(date)).await
    }

    async fn merge_hotel(
        &self,
        hotel: HotelId,
        change: &(dyn Fn(&mut HotelDocument) -> bool + Sync),
    ) -> Result<HotelDocument, MergeError> {
        for attempt in 1..=ATTEMPTS {
            let mut stored = self.index.load_hotel(hotel).await?;
            if !change(&mut stored.document) || self.index.store_hotel(&stored).await? == Stored::Written {
                return Ok(stored.document);
            }
            tokio::time::sleep(WAIT * attempt).await;
        }
        Err(MergeError::Contended)
    }

    async fn merge_rooms(
        &self,
        mut wanted: Vec<(RoomId, HotelId)>,
        change: &(dyn Fn(&mut RoomDocument) -> bool + Sync),
    ) -> Result<(), MergeError> {
        let now = self.clock.now().await?;
        for attempt in 1..=ATTEMPTS {
            let changed = self.changed(&wanted, change, now).await?;
            let stored =
                if changed.is_empty() { Vec::new() } else { self.index.store_rooms(&changed).await? };
            let results = changed.iter().zip(stored);
            let lost = results.filter(|(_, stored)| *stored == Stored::Conflict);
            wanted = lost.map(|(room, _)| (room.document.room_id, room.document.hotel_id)).collect();
            if wanted.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(WAIT * attempt).await;
        }
        Err(MergeError::Contended)
    }

    /// The documents as they are to be, without those that stay as they are.
    async fn changed(
        &self,
        wanted: &[(RoomId, HotelId)],
        change: &(dyn Fn(&mut RoomDocument) -> bool + Sync),
        now: Instant,
    ) -> Result<Vec<Stamped<RoomDocument>>, MergeError> {
        let ids: Vec<RoomId> = wanted.iter().map(|(room, _)| *room).collect();
        let stored = self.index.load_rooms(&ids).await?;
        let mut known: BTreeMap<RoomId, Stamped<RoomDocument>> =
            stored.into_iter().map(|room| (room.document.room_id, room)).collect();
        let mut changed = Vec::new();
        for (room, hotel) in wanted {
            let new = || Stamped { document: RoomDocument::new(*room, *hotel), stamp: None };
            let mut stamped = known.remove(room).unwrap_or_else(new);
            let newer = change(&mut stamped.document);
            if stamped.document.forget_past(now) | newer {
                changed.push(stamped);
            }
        }
        Ok(changed)
    }
}

#[cfg(test)]
mod tests;
