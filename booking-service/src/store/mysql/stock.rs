//! Stock on `MySQL`. Events lock their hotels first, then their `room_stock` rows `for update`, then the nights.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use async_trait::async_trait;
use booking_core::{RoomStock, SeenHotel};
use chrono::NaiveDate;
use domain::{
    HotelId, RoomId,
    event::HotelEvent,
    hotel::{HotelChanged, RoomChanged},
};
use events::outbox;
use platform::mysql::{Tx, retry_unit};
use sqlx::{MySqlConnection, MySqlPool};

use crate::store::{
    Stock, StoreError, Taken,
    sql::{self, RETRY, ReadMode, WriteError, nights, outgoing, stock},
};

/// Events taken in together at most: nobody can book their rooms meanwhile.
const EVENTS_PER_TRANSACTION: usize = 64;

/// The stock on `MySQL`.
#[derive(Debug, Clone)]
pub struct MySqlStock {
    pool: MySqlPool,
}

impl MySqlStock {
    /// A stock on the primary.
    pub const fn new(pool: MySqlPool) -> Self {
        Self { pool }
    }

    /// All of these events, or none.
    async fn take_together(&self, events: &[HotelEvent]) -> Result<Vec<Taken>, WriteError> {
        let news = News::of(events);
        let mut tx = Tx::begin(&self.pool).await?;
        let mut hotels = stock::hotels_seen(tx.conn(), &news.hotels_concerned(), ReadMode::Locked).await?;
        let newer = take_hotels(tx.conn(), &news, &hotels).await?;
        let new_hotels: BTreeSet<HotelId> = newer.keys().copied().collect();
        hotels.extend(newer);
        let new_rooms = take_rooms(tx.conn(), &news, &hotels).await?;
        if new_hotels.is_empty() && new_rooms.is_empty() {
            tx.rollback().await?;
        } else {
            tx.commit().await?;
        }
        let written = |event: &HotelEvent| match event {
            HotelEvent::Hotel(hotel) => new_hotels.contains(&hotel.hotel_id),
            HotelEvent::Room(room) => new_rooms.contains(&room.room_id),
        };
        let taken = |event| if news.has(event) && written(event) { Taken::Written } else { Taken::Old };
        Ok(events.iter().map(taken).collect())
    }
}

/// The newest event of each hotel and room.
struct News<'a> {
    hotels: BTreeMap<HotelId, &'a HotelChanged>,
    rooms: BTreeMap<RoomId, &'a RoomChanged>,
}

impl<'a> News<'a> {
    fn of(events: &'a [HotelEvent]) -> Self {
        let (mut hotels, mut rooms) = (BTreeMap::new(), BTreeMap::new());
        for event in events {
            match event {
                HotelEvent::Hotel(hotel) => {
                    let kept: &mut &HotelChanged = hotels.entry(hotel.hotel_id).or_insert(hotel);
                    if kept.version < hotel.version {
                        *kept = hotel;
                    }
                }
                HotelEvent::Room(room) => {
                    let kept: &mut &RoomChanged = rooms.entry(room.room_id).or_insert(room);
                    if kept.version < room.version {
                        *kept = room;
                    }
                }
            }
        }
        Self { hotels, rooms }
    }

    fn has(&self, event: &HotelEvent) -> bool {
        match event {
            HotelEvent::Hotel(hotel) => {
                self.hotels.get(&hotel.hotel_id).is_some_and(|newest| newest.version == hotel.version)
            }
            HotelEvent::Room(room) => {
                self.rooms.get(&room.room_id).is_some_and(|newest| newest.version == room.version)
            }
        }
    }

    fn hotels_concerned(&self) -> BTreeSet<HotelId> {
        self.hotels.keys().copied().chain(self.rooms.values().map(|room| room.hotel_id)).collect()
    }
}

/// Writes the hotels that are newer, and whether they are on sale into their rooms if that changed; gives them.
async fn take_hotels(
    conn: &mut MySqlConnection,
    news: &News<'_>,
    before: &BTreeMap<HotelId, SeenHotel>,
) -> Result<BTreeMap<HotelId, SeenHotel>, WriteError> {
    let newer =
        |(id, event): (&HotelId, &&HotelChanged)| Some((*id, SeenHotel::after(before.get(id), event)?));
    let newer: BTreeMap<HotelId, SeenHotel> = news.hotels.iter().filter_map(newer).collect();
    stock::put_hotels(conn, newer.values()).await?;
    for (id, hotel) in &newer {
        // Else a name or an image would make every plan under way for one of its rooms stale.
        if before.get(id).is_none_or(|before| before.is_active != hotel.is_active) {
            stock::put_hotel_into_rooms(conn, hotel).await?;
        }
    }
    Ok(newer)
}

/// Writes the rooms that are newer, and their nights; gives them.
async fn take_rooms(
    conn: &mut MySqlConnection,
    news: &News<'_>,
    hotels: &BTreeMap<HotelId, SeenHotel>,
) -> Result<BTreeSet<RoomId>, WriteError> {
    let ids = news.rooms.keys().copied().collect();
    let before = stock::rooms(conn, &ids, ReadMode::Locked.for_update()).await?;
    let after = news.rooms.iter().filter_map(|(id, event)| {
        let room = RoomStock::after(before.get(id), event, hotels.get(&event.hotel_id))?;
        Some((*id, room))
    });
    let after: BTreeMap<RoomId, RoomStock> = after.collect();
    stock::put_rooms(conn, after.values()).await?;
    let has_changed =
        |room: &&RoomStock| before.get(&room.room_id).is_none_or(|old| old.quantity != room.quantity);
    // A room whose hotel was never seen was never sold.
    let changed =
        after.values().filter(has_changed).filter_map(|room| Some((room, hotels.get(&room.hotel_id)?)));
    let changed: Vec<(&RoomStock, &SeenHotel)> = changed.collect();
    requantify(conn, &changed).await?;
    Ok(after.into_keys().collect())
}

/// Puts the rooms' quantities into their touched nights from their hotel's today on, and tells those that changed.
async fn requantify(
    conn: &mut MySqlConnection,
    rooms: &[(&RoomStock, &SeenHotel)],
) -> Result<(), WriteError> {
    if rooms.is_empty() {
        return Ok(());
    }
    let now = sql::now(conn).await?;
    let from = |(room, hotel): &(&RoomStock, &SeenHotel)| (room.room_id, hotel.facts.time_zone.date_of(now));
    let touched = nights::from(conn, &rooms.iter().map(from).collect::<Vec<_>>()).await?;
    let rooms: BTreeMap<RoomId, &RoomStock> = rooms.iter().map(|(room, _)| (room.room_id, *room)).collect();
    let (mut changed, mut told) = (Vec::new(), Vec::new());
    for (at, night) in touched {
        let Some(room) = rooms.get(&at.0) else { continue };
        let after = night.with_quantity(room.quantity);
        if after != night {
            changed.push((at, after));
            told.push(outgoing::touched(room.hotel_id, at, None));
        }
    }
    outbox::insert(conn, &told).await?;
    nights::set(conn, &changed).await
}

#[async_trait]
impl Stock for MySqlStock {
    async fn take_in(&self, events: &[HotelEvent]) -> Vec<Result<Taken, StoreError>> {
        let mut taken = Vec::with_capacity(events.len());
        let mut parts: VecDeque<&[HotelEvent]> = events.chunks(EVENTS_PER_TRANSACTION).collect();
        while let Some(part) = parts.pop_front() {
            match retry_unit(RETRY, || self.take_together(part)).await.map_err(failed) {
                Ok(part) => taken.extend(part.into_iter().map(Ok)),
                // One of them is damaged: one by one they say which.
                Err(StoreError::Unreadable(_)) if part.len() > 1 => {
                    part.chunks(1).rev().for_each(|one| parts.push_front(one));
                }
                Err(error @ StoreError::Unreadable(_)) => taken.push(Err(error)),
                Err(error @ StoreError::Unavailable(_)) => {
                    taken.push(Err(error));
                    break;
                }
            }
        }
        taken
    }

    async fn ensure_nights(&self, wanted: &BTreeSet<(RoomId, NaiveDate)>) -> Result<(), StoreError> {
        retry_unit(RETRY, || ensure_once(&self.pool, wanted)).await.map_err(failed)
    }
}

/// Makes the rows of untouched nights in a transaction of its own, in order, under a share lock of their rooms.
pub(super) async fn ensure_once(
    pool: &MySqlPool,
    wanted: &BTreeSet<(RoomId, NaiveDate)>,
) -> Result<(), WriteError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let rooms: BTreeSet<RoomId> = wanted.iter().map(|(room, _)| *room).collect();
    let mut tx = Tx::begin(pool).await?;
    let stocks = stock::rooms(tx.conn(), &rooms, ReadMode::Locked.for_share()).await?;
    let missing = nights::missing(tx.conn(), wanted).await?;
    nights::insert(tx.conn(), &missing, &stocks).await?;
    Ok(tx.commit().await?)
}

/// Stale cannot be here but for a night deleted between two statements of one transaction: told as a row that cannot be read.
/// And nobody's turn is waited for.
fn failed(error: WriteError) -> StoreError {
    match error {
        WriteError::Stale | WriteError::TakenBack(_) => sql::corrupt("a locked row is gone").into(),
        WriteError::Defect(error) | WriteError::Db(error) => error.into(),
    }
}
