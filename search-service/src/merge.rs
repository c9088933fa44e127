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
const ROOMS_AT_ONCE: u32 = 100;

/// Merges a part into a document; whether anything changed.
type Change<'a> = dyn Fn(&mut RoomDocument) -> bool + Sync + 'a;

/// Why a part is not merged.
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
    /// The index will never take the document that came of it. Does not pass.
    #[error("a document of the search index cannot be written: {0}")]
    Refused(String),
    /// What is stored cannot be read, and the part does not bring it anew. Does not pass either.
    #[error("a document of the search index is damaged: {0}")]
    Damaged(String),
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
        let document = self.merge_hotel(hotel).await?;
        let Some(part) = document.part() else { return Ok(()) };
        // A room that came a moment ago must be among those found; later ones find the hotel's document.
        self.index.refresh().await?;
        let (mut unwritten, mut after) = (Unwritten::default(), None);
        loop {
            let rooms = self.index.room_ids_of(hotel.hotel_id, after, ROOMS_AT_ONCE).await?;
            let Some(last) = rooms.last() else { return unwritten.settled() };
            after = Some(*last);
            let hear = |room: &mut RoomDocument| room.hear_hotel(&part);
            unwritten.absorb(self.merge_rooms(hotel.hotel_id, rooms, &hear).await?);
        }
    }

    /// A room changed; it takes from its hotel's document what is known of the hotel.
    pub async fn room_changed(&self, room: &RoomChanged) -> Result<(), MergeError> {
        let part = self.part_of(room.hotel_id).await?;
        let change = |document: &mut RoomDocument| {
            let hotel_is_news = part.as_ref().is_some_and(|part| document.hear_hotel(part));
            document.hear_room(room) | hotel_is_news
        };
        self.merge_room(room.hotel_id, room.room_id, &change).await?;
        // A hotel's event that was merged meanwhile looked for rooms when this one was not there yet.
        match self.part_of(room.hotel_id).await? {
            Some(newer) if part.as_ref() != Some(&newer) => {
                self.merge_room(room.hotel_id, room.room_id, &|document| document.hear_hotel(&newer)).await
            }
            _ => Ok(()),
        }
    }

    async fn part_of(&self, hotel: HotelId) -> Result<Option<HotelPart>, MergeError> {
        Ok(self.index.load_hotel(hotel).await?.document.part())
    }

    /// A night changed.
    pub async fn night_changed(&self, changed: &AvailabilityChanged) -> Result<(), MergeError> {
        let night = Night { available: changed.available_quantity, version: changed.version };
        let hear = |document: &mut RoomDocument| document.hear_night(changed.date, night);
        self.merge_room(changed.hotel_id, changed.room_id, &hear).await
    }

    /// A night got its tombstone: it is over.
    pub async fn night_ended(&self, room: RoomId, date: NaiveDate) -> Result<(), MergeError> {
        let known = self.index.load_rooms(&[room]).await?;
        let Some(known) = known.first() else { return Ok(()) };
        self.merge_room(known.document.hotel_id, room, &|document| document.forget_night(date)).await
    }

    async fn merge_hotel(&self, hotel: &HotelChanged) -> Result<HotelDocument, MergeError> {
        for attempt in 1..=ATTEMPTS {
            let mut stored = self.index.load_hotel(hotel.hotel_id).await?;
            if !stored.document.hear(hotel) {
                return Ok(stored.document);
            }
            match self.index.store_hotel(&stored).await? {
                Stored::Written => return Ok(stored.document),
                Stored::Refused(why) => return Err(MergeError::Refused(why)),
                Stored::Conflict => tokio::time::sleep(WAIT * attempt).await,
            }
        }
        Err(MergeError::Contended)
    }

    async fn merge_room(&self, hotel: HotelId, room: RoomId, change: &Change<'_>) -> Result<(), MergeError> {
        self.merge_rooms(hotel, vec![room], change).await?.settled()
    }

    /// Merges into each of these rooms of a hotel; why some of them cannot be written, the others are all the same.
    async fn merge_rooms(
        &self,
        hotel: HotelId,
        mut rooms: Vec<RoomId>,
        change: &Change<'_>,
    ) -> Result<Unwritten, MergeError> {
        let now = self.clock.now().await?;
        let mut unwritten = Unwritten::default();
        for attempt in 1..=ATTEMPTS {
            let changed = self.changed(hotel, &rooms, change, now).await?;
            let (changed, unread): (Vec<_>, Vec<_>) =
                changed.into_iter().partition(|room| room.document.unread.is_empty());
            unwritten.damaged.extend(unread.iter().map(|room| unreadable(&room.document)));
            let stored =
                if changed.is_empty() { Vec::new() } else { self.index.store_rooms(&changed).await? };
            rooms.clear();
            for (room, stored) in changed.iter().zip(stored) {
                let id = room.document.room_id;
                match stored {
                    Stored::Written => {}
                    Stored::Conflict => rooms.push(id),
                    Stored::Refused(why) => unwritten.refused.push(format!("room {id}: {why}")),
                }
            }
            if rooms.is_empty() {
                return Ok(unwritten);
            }
            tokio::time::sleep(WAIT * attempt).await;
        }
        Err(MergeError::Contended)
    }

    /// The documents as they are to be, without those that stay as they are.
    async fn changed(
        &self,
        hotel: HotelId,
        rooms: &[RoomId],
        change: &Change<'_>,
        now: Instant,
    ) -> Result<Vec<Stamped<RoomDocument>>, MergeError> {
        let stored = self.index.load_rooms(rooms).await?;
        let mut known: BTreeMap<RoomId, Stamped<RoomDocument>> =
            stored.into_iter().map(|room| (room.document.room_id, room)).collect();
        let mut changed = Vec::new();
        for room in rooms {
            let new = || Stamped { document: RoomDocument::new(*room, hotel), stamp: None };
            let mut stamped = known.remove(room).unwrap_or_else(new);
            // The event knows it, also where what is stored cannot be read.
            stamped.document.hotel_id = hotel;
            let newer = change(&mut stamped.document);
            if stamped.document.forget_past(now) | newer {
                changed.push(stamped);
            }
        }
        Ok(changed)
    }
}

fn unreadable(room: &RoomDocument) -> String {
    format!("room {}: {:?} as stored cannot be read; run vacancy admin reindex", room.room_id, room.unread)
}

/// Rooms that are not written, each with why.
#[derive(Default)]
struct Unwritten {
    refused: Vec<String>,
    damaged: Vec<String>,
}

impl Unwritten {
    fn absorb(&mut self, mut other: Self) {
        self.refused.append(&mut other.refused);
        self.damaged.append(&mut other.damaged);
    }

    /// Done, unless a room is not written. One that the index refuses is told first: its reader may be at fault.
    fn settled(self) -> Result<(), MergeError> {
        match (self.refused.is_empty(), self.damaged.is_empty()) {
            (false, _) => Err(MergeError::Refused(self.refused.join("; "))),
            (true, false) => Err(MergeError::Damaged(self.damaged.join("; "))),
            (true, true) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
