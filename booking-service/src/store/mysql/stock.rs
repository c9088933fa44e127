//! Stock on `MySQL`. A stock event locks its `room_stock` row `for update` first, then the nights.

use std::collections::BTreeSet;

use async_trait::async_trait;
use booking_core::{RoomStock, SeenHotel};
use chrono::NaiveDate;
use domain::{
    RoomId,
    hotel::{HotelChanged, RoomChanged},
};
use events::outbox;
use platform::mysql::{Tx, retry_unit};
use sqlx::{MySqlConnection, MySqlPool};

use crate::store::{
    Stock, StoreError, Taken,
    sql::{self, RETRY, ReadMode, WriteError, nights, outgoing, stock},
};

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

    async fn take_hotel(&self, event: &HotelChanged) -> Result<Taken, WriteError> {
        let mut tx = Tx::begin(&self.pool).await?;
        let before = stock::hotel(tx.conn(), event.hotel_id, ReadMode::Locked).await?;
        let Some(after) = SeenHotel::after(before.as_ref(), event) else {
            tx.rollback().await?;
            return Ok(Taken::Old);
        };
        stock::put_hotel(tx.conn(), &after).await?;
        stock::put_hotel_into_rooms(tx.conn(), &after).await?;
        tx.commit().await?;
        Ok(Taken::Written)
    }

    async fn take_room(&self, event: &RoomChanged) -> Result<Taken, WriteError> {
        let mut tx = Tx::begin(&self.pool).await?;
        let hotel = stock::hotel(tx.conn(), event.hotel_id, ReadMode::Locked).await?;
        let one = BTreeSet::from([event.room_id]);
        let before = stock::rooms(tx.conn(), &one, ReadMode::Locked.for_update()).await?;
        let Some(after) = RoomStock::after(before.get(&event.room_id), event, hotel.as_ref()) else {
            tx.rollback().await?;
            return Ok(Taken::Old);
        };
        stock::put_room(tx.conn(), &after).await?;
        requantify(tx.conn(), &after, hotel.as_ref()).await?;
        tx.commit().await?;
        Ok(Taken::Written)
    }
}

/// Puts the new quantity into the touched nights from the hotel's today on, and tells those that changed.
async fn requantify(
    conn: &mut MySqlConnection,
    room: &RoomStock,
    hotel: Option<&SeenHotel>,
) -> Result<(), WriteError> {
    let Some(hotel) = hotel else { return Ok(()) };
    let today = hotel.facts.time_zone.date_of(sql::now(conn).await?);
    let touched = nights::from(conn, room.room_id, today).await?;
    let changed = touched.into_iter().filter_map(|(at, night)| {
        let after = night.with_quantity(room.quantity);
        (after != night).then_some((at, after))
    });
    let changed: Vec<_> = changed.collect();
    let told: Vec<_> = changed.iter().map(|(at, _)| outgoing::touched(room.hotel_id, *at, None)).collect();
    outbox::insert(conn, &told).await?;
    for (at, night) in changed {
        nights::set(conn, at, night).await?;
    }
    Ok(())
}

#[async_trait]
impl Stock for MySqlStock {
    async fn hotel_changed(&self, event: &HotelChanged) -> Result<Taken, StoreError> {
        retry_unit(RETRY, || self.take_hotel(event)).await.map_err(failed)
    }

    async fn room_changed(&self, event: &RoomChanged) -> Result<Taken, StoreError> {
        retry_unit(RETRY, || self.take_room(event)).await.map_err(failed)
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
        WriteError::Db(error) => error.into(),
    }
}
