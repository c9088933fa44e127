//! The index in memory: the executable specification that the other adapter is compared with.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use async_trait::async_trait;
use domain::{HotelId, RoomId};

use super::{Hit, Hits, Index, IndexError, Query, RoomList, Stamp, Stamped, Stored};
use crate::domain::{
    criteria::Criteria,
    document::{HotelDocument, RoomDocument},
    entry::Entry,
    facets::{Facets, MAX_TAGS, bands},
    ranking::{Match, order, shown_first},
};

/// An index in memory; lost with the process.
#[derive(Debug, Default)]
pub struct MemoryIndex(RwLock<Documents>);

#[derive(Debug, Default)]
struct Documents {
    writes: u64,
    hotels: BTreeMap<HotelId, Hotel>,
    rooms: BTreeMap<RoomId, Room>,
}

#[derive(Debug)]
struct Hotel {
    stamp: Stamp,
    document: HotelDocument,
}

#[derive(Debug)]
struct Room {
    stamp: Stamp,
    document: RoomDocument,
    entry: Entry,
}

impl MemoryIndex {
    fn read(&self) -> RwLockReadGuard<'_, Documents> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Documents> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Documents {
    fn stamp(&mut self) -> Stamp {
        self.writes += 1;
        Stamp { seq_no: self.writes, primary_term: 1 }
    }

    fn store_room(&mut self, room: &Stamped<RoomDocument>) -> Stored {
        let id = room.document.room_id;
        if self.rooms.get(&id).map(|room| room.stamp) != room.stamp {
            return Stored::Conflict;
        }
        let stamp = self.stamp();
        let (document, entry) = (room.document.clone(), Entry::of(&room.document));
        self.rooms.insert(id, Room { stamp, document, entry });
        Stored::Written
    }

    fn store_hotel(&mut self, hotel: &Stamped<HotelDocument>) -> Stored {
        let id = hotel.document.hotel_id;
        if self.hotels.get(&id).map(|hotel| hotel.stamp) != hotel.stamp {
            return Stored::Conflict;
        }
        let stamp = self.stamp();
        self.hotels.insert(id, Hotel { stamp, document: hotel.document.clone() });
        Stored::Written
    }

    fn matches<'a>(&'a self, criteria: &'a Criteria) -> impl Iterator<Item = Match<'a>> {
        let entries = self.rooms.values().map(|room| &room.entry);
        entries.filter_map(|entry| Some(Match { cost: criteria.cost(entry)?, entry }))
    }
}

#[async_trait]
impl Index for MemoryIndex {
    async fn load_hotels(&self, hotels: &[HotelId]) -> Result<Vec<Stamped<HotelDocument>>, IndexError> {
        let documents = self.read();
        let known = hotels.iter().filter_map(|hotel| documents.hotels.get(hotel));
        Ok(known
            .map(|hotel| Stamped { document: hotel.document.clone(), stamp: Some(hotel.stamp) })
            .collect())
    }

    async fn load_rooms(&self, rooms: &[RoomId]) -> Result<Vec<Stamped<RoomDocument>>, IndexError> {
        let documents = self.read();
        let known = rooms.iter().filter_map(|room| documents.rooms.get(room));
        Ok(known.map(|room| Stamped { document: room.document.clone(), stamp: Some(room.stamp) }).collect())
    }

    async fn store_hotels(&self, hotels: &[Stamped<HotelDocument>]) -> Result<Vec<Stored>, IndexError> {
        let mut documents = self.write();
        Ok(hotels.iter().map(|hotel| documents.store_hotel(hotel)).collect())
    }

    async fn store_rooms(&self, rooms: &[Stamped<RoomDocument>]) -> Result<Vec<Stored>, IndexError> {
        let mut documents = self.write();
        Ok(rooms.iter().map(|room| documents.store_room(room)).collect())
    }

    async fn search(&self, query: &Query) -> Result<Hits, IndexError> {
        let documents = self.read();
        let matches: Vec<Match<'_>> = documents.matches(&query.criteria).collect();
        let hotels = by_hotel(query, &matches);
        let (offset, size) = (index(query.window.offset), index(query.window.size));
        Ok(Hits {
            least: hotels.get(offset).and_then(|hotel| hotel.first()).map(|found| found.cost),
            hits: hotels.iter().skip(offset).take(size).filter_map(|hotel| hit(query, hotel)).collect(),
            more: hotels.len() > offset.saturating_add(size),
            total: count_of(hotels.len()),
            facets: query.facets.map(|currency| facets(&matches, currency)),
        })
    }

    async fn count(&self, all: &[Criteria]) -> Result<Vec<u64>, IndexError> {
        let documents = self.read();
        Ok(all.iter().map(|criteria| count_of(documents.matches(criteria).count())).collect())
    }

    async fn rooms_of(&self, hotel: HotelId, most: u32) -> Result<RoomList, IndexError> {
        let documents = self.read();
        let of_hotel = |room: &&Room| room.entry.visible && room.entry.hotel_id == hotel;
        let mut rooms: Vec<_> = documents.rooms.values().filter(of_hotel).collect();
        rooms.sort_by_key(|room| (room.entry.price, room.entry.room_id));
        let total = count_of(rooms.len());
        let shown = rooms.into_iter().take(index(most));
        Ok(RoomList { rooms: shown.map(|room| room.document.clone()).collect(), total })
    }

    async fn room_ids_of(
        &self,
        hotels: &[HotelId],
        after: Option<RoomId>,
        most: u32,
    ) -> Result<Vec<(RoomId, HotelId)>, IndexError> {
        let documents = self.read();
        let of_hotels = documents.rooms.values().filter(|room| hotels.contains(&room.entry.hotel_id));
        let ids = of_hotels.map(|room| (room.entry.room_id, room.entry.hotel_id));
        Ok(ids.filter(|(id, _)| after.is_none_or(|after| *id > after)).take(index(most)).collect())
    }

    async fn refresh(&self) -> Result<(), IndexError> {
        Ok(())
    }
}

/// The matches of each hotel, hotels in the order of their best one, which stands first.
fn by_hotel<'a>(query: &Query, matches: &[Match<'a>]) -> Vec<Vec<Match<'a>>> {
    let mut sorted = matches.to_vec();
    sorted.sort_by(|left, right| order(query.sort, left, right));
    let mut places: BTreeMap<HotelId, usize> = BTreeMap::new();
    let mut hotels: Vec<Vec<Match<'a>>> = Vec::new();
    for found in sorted {
        let place = *places.entry(found.entry.hotel_id).or_insert(hotels.len());
        match hotels.get_mut(place) {
            Some(hotel) => hotel.push(found),
            None => hotels.push(vec![found]),
        }
    }
    hotels
}

fn hit(query: &Query, hotel: &[Match<'_>]) -> Option<Hit> {
    let cost = hotel.first()?.cost;
    let shown = hotel.iter().map(|found| found.entry).min_by(|a, b| shown_first(query.sort, a, b))?;
    Some(Hit { room: shown.shown(&query.nights), cost })
}

fn facets(matches: &[Match<'_>], currency: Option<domain::Currency>) -> Facets {
    let entries = || matches.iter().map(|found| found.entry);
    let hotels_with = |has: &dyn Fn(&Entry) -> bool| {
        let hotels: BTreeSet<HotelId> =
            entries().filter(|entry| has(entry)).map(|entry| entry.hotel_id).collect();
        Some(count_of(hotels.len())).filter(|count| *count > 0)
    };
    let stars = (1..=5).filter_map(|stars| Some((stars, hotels_with(&|entry| entry.stars == stars)?)));
    let codes: BTreeSet<_> = entries().flat_map(|entry| &entry.tags).collect();
    let tags =
        codes.into_iter().filter_map(|tag| Some((tag.clone(), hotels_with(&|e| e.tags.contains(tag))?)));
    let bands = currency.map(bands).unwrap_or_default();
    let bands = bands.into_iter().filter_map(|band| Some((band, hotels_with(&|e| band.holds(e.price))?)));
    let mut tags: Vec<_> = tags.collect();
    tags.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    tags.truncate(MAX_TAGS);
    Facets { stars: stars.collect(), tags, price_bands: bands.collect() }
}

fn index(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn count_of(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
