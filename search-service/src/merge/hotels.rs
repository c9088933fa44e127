//! Hotels and rooms: a hotel's own document, and what it lends the documents of its rooms.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

use domain::{
    HotelId,
    event::HotelEvent,
    hotel::{HotelChanged, RoomChanged},
};

use super::{
    merger::{ATTEMPTS, MergeError, Merged, Merger, WAIT},
    rooms::RoomChange,
};
use crate::{
    domain::document::{HotelDocument, HotelPart, RoomDocument},
    index::{Stamped, Stored},
};

/// Rooms of hotels that are read and written together.
const ROOMS_AT_ONCE: u32 = 100;

/// What hotels lend their rooms.
type Parts = BTreeMap<HotelId, HotelPart>;

impl Merger {
    /// Hotels and rooms changed; what became of each event, in order. Also an old event of a hotel lends the rooms what is known
    /// now: it may be the repeat of one that a crash cut in half.
    pub async fn hotels_and_rooms(&self, events: &[&HotelEvent]) -> Result<Vec<Merged>, MergeError> {
        let (mut hotels, mut rooms): (Vec<&HotelChanged>, Vec<&RoomChanged>) = (Vec::new(), Vec::new());
        for event in events {
            match event {
                HotelEvent::Hotel(hotel) => hotels.push(hotel),
                HotelEvent::Room(room) => rooms.push(room),
            }
        }
        let mut hotels = self.hotels_changed(&hotels).await?;
        let mut rooms = self.rooms_changed(&rooms).await?.into_iter();
        let mut fate = |event: &&HotelEvent| match event {
            HotelEvent::Hotel(hotel) => hotels.remove(&(hotel.hotel_id, hotel.version)),
            HotelEvent::Room(_) => rooms.next(),
        };
        Ok(events.iter().map(|event| fate(event).unwrap_or(Merged::Done)).collect())
    }

    /// Rooms changed; each takes from its hotel's document what is known of the hotel.
    async fn rooms_changed(&self, rooms: &[&RoomChanged]) -> Result<Vec<Merged>, MergeError> {
        let hotels: BTreeSet<HotelId> = rooms.iter().map(|room| room.hotel_id).collect();
        let parts = self.parts_of(&hotels).await?;
        let changes = rooms.iter().map(|room| room_change(room, parts.get(&room.hotel_id)));
        let mut merged = self.merge_rooms(&changes.collect::<Vec<_>>()).await?;
        // A hotel's event that was merged meanwhile looked for rooms when these were not there yet.
        let newer = self.parts_of(&hotels).await?;
        let missed = |room: &RoomChanged| parts.get(&room.hotel_id) != newer.get(&room.hotel_id);
        let again = rooms.iter().filter(|room| missed(room));
        let again: Vec<_> = again.map(|room| room_change(room, newer.get(&room.hotel_id))).collect();
        let fates = merged.iter_mut().zip(rooms).filter(|(_, room)| missed(room)).map(|(fate, _)| fate);
        for (fate, second) in fates.zip(self.merge_rooms(&again).await?) {
            join(fate, second);
        }
        Ok(merged)
    }

    async fn parts_of(&self, hotels: &BTreeSet<HotelId>) -> Result<Parts, MergeError> {
        if hotels.is_empty() {
            return Ok(Parts::new());
        }
        let ids: Vec<HotelId> = hotels.iter().copied().collect();
        let documents = self.index.load_hotels(&ids).await?.into_iter();
        Ok(documents.filter_map(|found| Some((found.document.hotel_id, found.document.part()?))).collect())
    }

    /// Hotels changed: their documents and those of all their rooms. Says of the newest event of each that is not done what
    /// became of it.
    async fn hotels_changed(
        &self,
        hotels: &[&HotelChanged],
    ) -> Result<BTreeMap<(HotelId, i64), Merged>, MergeError> {
        if hotels.is_empty() {
            return Ok(BTreeMap::new());
        }
        let (mut fates, mut documents, mut waiting) = (BTreeMap::new(), Vec::new(), hotels.to_vec());
        while !waiting.is_empty() {
            let refused = self.merge_hotels(&waiting, &mut documents).await?;
            // Of a hotel whose newest event is refused those before it.
            waiting.retain(|hotel| {
                refused.get(&hotel.hotel_id).is_some_and(|(version, _)| hotel.version < *version)
            });
            fates.extend(refused.into_iter().map(|(hotel, (version, fate))| ((hotel, version), fate)));
        }
        let parts: Parts =
            documents.iter().filter_map(|hotel| Some((hotel.hotel_id, hotel.part()?))).collect();
        let newest = newest(hotels);
        for (hotel, fate) in self.lend(&parts).await? {
            let event = (hotel, newest.get(&hotel).map_or(0, |newest| newest.version));
            fates.entry(event).or_insert(fate);
        }
        Ok(fates)
    }

    /// Lends the rooms of hotels what is known of them; why a hotel's rooms are not all written.
    async fn lend(&self, parts: &Parts) -> Result<BTreeMap<HotelId, Merged>, MergeError> {
        // A room that came a moment ago must be among those found; later ones find the hotel's document.
        self.index.refresh().await?;
        let hotels: Vec<HotelId> = parts.keys().copied().collect();
        let (mut unwritten, mut after) = (BTreeMap::new(), None);
        loop {
            let rooms = self.index.room_ids_of(&hotels, after, ROOMS_AT_ONCE).await?;
            let Some((last, _)) = rooms.last() else { return Ok(unwritten) };
            after = Some(*last);
            let change = |(room, hotel): &(_, HotelId)| {
                let part = parts.get(hotel)?;
                let hear = |document: &mut RoomDocument| document.hear_hotel(part);
                Some(RoomChange { room: *room, hotel: Some(*hotel), hear: Box::new(hear) })
            };
            let changes: Vec<RoomChange<'_>> = rooms.iter().filter_map(change).collect();
            let merged = self.merge_rooms(&changes).await?;
            for (change, merged) in changes.iter().zip(merged) {
                if let Some(hotel) = change.hotel.filter(|_| merged != Merged::Done) {
                    join(unwritten.entry(hotel).or_insert(Merged::Done), merged);
                }
            }
        }
    }

    /// Merges the newest events of hotels into their own documents; gives the versions that the index refuses.
    async fn merge_hotels(
        &self,
        hotels: &[&HotelChanged],
        merged: &mut Vec<HotelDocument>,
    ) -> Result<BTreeMap<HotelId, (i64, Merged)>, MergeError> {
        let (mut waiting, mut refused) = (newest(hotels), BTreeMap::new());
        for attempt in 1..=ATTEMPTS {
            let (as_they_are, changed) = self.heard(&waiting).await?;
            merged.extend(as_they_are);
            let stored =
                if changed.is_empty() { Vec::new() } else { self.index.store_hotels(&changed).await? };
            let mut again = BTreeMap::new();
            for (Stamped { document, .. }, stored) in changed.into_iter().zip(stored) {
                let Some(event) = waiting.remove(&document.hotel_id) else { continue };
                match stored {
                    Stored::Written => merged.push(document),
                    Stored::Conflict => _ = again.insert(event.hotel_id, event),
                    Stored::Refused(why) => {
                        let why = format!("a document of the search index cannot be written: {why}");
                        refused.insert(event.hotel_id, (event.version, Merged::Refused(why)));
                    }
                }
            }
            if again.is_empty() {
                return Ok(refused);
            }
            waiting = again;
            tokio::time::sleep(WAIT * attempt).await;
        }
        Err(MergeError::Contended)
    }

    /// The documents of hotels after their events: those that stay as they are, and those that are to be written.
    async fn heard(
        &self,
        events: &BTreeMap<HotelId, &HotelChanged>,
    ) -> Result<(Vec<HotelDocument>, Vec<Stamped<HotelDocument>>), MergeError> {
        let ids: Vec<HotelId> = events.keys().copied().collect();
        let stored = self.index.load_hotels(&ids).await?.into_iter();
        let mut known: BTreeMap<HotelId, _> = stored.map(|hotel| (hotel.document.hotel_id, hotel)).collect();
        let (mut as_they_are, mut changed) = (Vec::new(), Vec::new());
        for (id, event) in events {
            let new = || Stamped { document: HotelDocument::new(*id), stamp: None };
            let mut hotel = known.remove(id).unwrap_or_else(new);
            if hotel.document.hear(event) { changed.push(hotel) } else { as_they_are.push(hotel.document) }
        }
        Ok((as_they_are, changed))
    }
}

fn room_change<'a>(room: &'a RoomChanged, part: Option<&'a HotelPart>) -> RoomChange<'a> {
    let hear = move |document: &mut RoomDocument| {
        let hotel_is_news = part.is_some_and(|part| document.hear_hotel(part));
        document.hear_room(room) | hotel_is_news
    };
    RoomChange { room: room.room_id, hotel: Some(room.hotel_id), hear: Box::new(hear) }
}

/// The newest event of each hotel.
fn newest<'a>(hotels: &[&'a HotelChanged]) -> BTreeMap<HotelId, &'a HotelChanged> {
    let mut newest: BTreeMap<HotelId, &HotelChanged> = BTreeMap::new();
    for hotel in hotels {
        let kept = newest.entry(hotel.hotel_id).or_insert(hotel);
        if kept.version < hotel.version {
            *kept = hotel;
        }
    }
    newest
}

/// Both: a document that the index refuses is told before a damaged one, as its reader may be at fault.
fn join(known: &mut Merged, more: Merged) {
    *known = match (mem::replace(known, Merged::Done), more) {
        (Merged::Done, one) | (one, Merged::Done) => one,
        (Merged::Refused(first), Merged::Refused(second)) => Merged::Refused(format!("{first}; {second}")),
        (Merged::Damaged(first), Merged::Damaged(second)) => Merged::Damaged(format!("{first}; {second}")),
        (refused @ Merged::Refused(_), Merged::Damaged(_))
        | (Merged::Damaged(_), refused @ Merged::Refused(_)) => refused,
    };
}
