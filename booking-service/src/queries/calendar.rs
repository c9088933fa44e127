//! A hotel's calendar: every night of its rooms, the untouched ones as their room's quantity has them.

use std::collections::BTreeMap;

use booking_core::Night;
use chrono::NaiveDate;
use domain::{HotelId, RoomId};
use sqlx::{FromRow, MySqlPool, QueryBuilder};
use uuid::Uuid;

/// A room of the hotel.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    pub room_id: RoomId,
    /// How many units it has.
    pub quantity: u32,
    /// How many more than it has may be sold.
    pub allowance: u32,
}

impl Room {
    /// A night of it that nobody has touched.
    pub const fn untouched(self) -> Night {
        let initial = self.quantity.saturating_add(self.allowance);
        Night { initial, available: initial, allowance: self.allowance }
    }
}

#[derive(FromRow)]
struct NightRow {
    room_id: Uuid,
    date: NaiveDate,
    initial_quantity: u32,
    available_quantity: u32,
    overbooking_allowance: u32,
}

/// At most `limit` rooms of the hotel after `after`, in order; only `only` if it is given.
pub async fn rooms(
    pool: &MySqlPool,
    hotel: HotelId,
    only: Option<RoomId>,
    after: Option<RoomId>,
    limit: u32,
) -> Result<Vec<Room>, sqlx::Error> {
    let sql = "select room_id, quantity, overbooking_allowance from room_stock where hotel_id = ? and (? is null or room_id = ?) \
               and (? is null or room_id >= ?) order by room_id limit ?";
    let (only, after) = (only.map(RoomId::uuid), after.map(RoomId::uuid));
    let rows: Vec<(Uuid, u32, u32)> = sqlx::query_as(sql)
        .bind(hotel.uuid())
        .bind(only)
        .bind(only)
        .bind(after)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await?;
    let read = |(id, quantity, allowance)| Room { room_id: RoomId::from_uuid(id), quantity, allowance };
    Ok(rows.into_iter().map(read).collect())
}

/// The touched nights of rooms from `first` to before `end`.
pub async fn nights(
    pool: &MySqlPool,
    rooms: &[Room],
    first: NaiveDate,
    end: NaiveDate,
) -> Result<BTreeMap<(RoomId, NaiveDate), Night>, sqlx::Error> {
    if rooms.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut sql = QueryBuilder::new(
        "select room_id, date, initial_quantity, available_quantity, overbooking_allowance from available_rooms \
         where room_id in ",
    );
    let rooms: Vec<Uuid> = rooms.iter().map(|room| room.room_id.uuid()).collect();
    super::push_list(&mut sql, super::padded(&rooms));
    sql.push(" and date >= ").push_bind(first).push(" and date < ").push_bind(end);
    let rows: Vec<NightRow> = sql.build_query_as().fetch_all(pool).await?;
    Ok(rows.into_iter().map(NightRow::read).collect())
}

impl NightRow {
    fn read(self) -> ((RoomId, NaiveDate), Night) {
        let night = Night {
            initial: self.initial_quantity,
            available: self.available_quantity,
            allowance: self.overbooking_allowance,
        };
        ((RoomId::from_uuid(self.room_id), self.date), night)
    }
}
