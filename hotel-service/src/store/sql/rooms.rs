use std::collections::HashSet;

use ::domain::{Currency, HotelId, Instant, Invalid, Money, RoomId, Text, facility::FacilityCode};
use chrono::NaiveDateTime;
use platform::{causes::BoxError, mysql};
use sqlx::{FromRow, MySql, MySqlConnection, QueryBuilder, Row as _, types::Json};
use uuid::Uuid;

use super::{Columns, part, read};
use crate::{
    domain::{
        hotel::Description,
        room::{Room, RoomFacts},
    },
    store::{Cursor, Part, StoreError},
};

const SELECT: &str = "select r.room_id, r.hotel_id, r.display_name, r.description, r.quantity, r.occupancy, \
    r.price_min, r.price_max, r.currency, r.is_active, r.version, r.created_at, r.updated_at, \
    (select json_arrayagg(f.code) from room_facilities f where f.room_id = r.room_id) as facilities from rooms r";

#[derive(FromRow)]
struct RoomRow {
    room_id: Uuid,
    hotel_id: Uuid,
    display_name: String,
    description: String,
    quantity: u32,
    occupancy: u8,
    price_min: i64,
    price_max: i64,
    currency: String,
    is_active: bool,
    version: i64,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    facilities: Option<Json<Vec<FacilityCode>>>,
}

impl Columns for RoomRow {
    type Record = Room;
    const TABLE: &'static str = "rooms";
    const ID: &'static str = "room_id";

    fn read(mut self) -> Result<Room, BoxError> {
        Ok(Room {
            facts: self.facts()?,
            room_id: RoomId::from_uuid(self.room_id),
            hotel_id: HotelId::from_uuid(self.hotel_id),
            version: self.version,
            created_at: Instant::from_naive_utc(self.created_at),
            updated_at: Instant::from_naive_utc(self.updated_at),
        })
    }
}

impl RoomRow {
    fn facts(&mut self) -> Result<RoomFacts, Invalid> {
        let currency = Currency::parse(&self.currency)?;
        let money = |amount| {
            Money::new(amount, currency).map_err(|_| Invalid::out_of_range("The price is too large."))
        };
        let mut facilities = self.facilities.take().map(|json| json.0).unwrap_or_default();
        facilities.sort();
        Ok(RoomFacts {
            display_name: Text::parse(&self.display_name)?,
            description: Description::parse_lines(&self.description)?,
            quantity: self.quantity,
            occupancy: self.occupancy,
            price_min: money(self.price_min)?,
            price_max: money(self.price_max)?,
            facilities,
            is_active: self.is_active,
        })
    }
}

/// A room of any hotel.
pub(in crate::store) async fn find(
    conn: &mut MySqlConnection,
    room_id: RoomId,
) -> Result<Option<Room>, StoreError> {
    let mut sql = QueryBuilder::<MySql>::new(SELECT);
    sql.push(" where r.room_id = ").push_bind(room_id.uuid());
    let row = sql.build().fetch_optional(conn).await?;
    row.as_ref().map(read::<RoomRow>).transpose()
}

/// Rooms of a hotel, by id.
pub(in crate::store) async fn list(
    conn: &mut MySqlConnection,
    hotel_id: HotelId,
    cursor: Cursor<RoomId>,
) -> Result<Part<Room, RoomId>, StoreError> {
    let mut sql = QueryBuilder::<MySql>::new(SELECT);
    sql.push(" where r.hotel_id = ").push_bind(hotel_id.uuid());
    sql.push(" and r.room_id > ").push_bind(cursor.after.map_or(Uuid::nil(), RoomId::uuid));
    sql.push(" order by r.room_id limit ").push_bind(cursor.limit.saturating_add(1));
    let rows = sql.build().fetch_all(conn).await?;
    part::<RoomRow, _>(rows, cursor.limit, |row| row.try_get("room_id").map(RoomId::from_uuid))
}

/// These rooms, by id, each as far as it can be read.
pub(in crate::store) async fn by_ids(
    conn: &mut MySqlConnection,
    ids: &[Uuid],
) -> Result<Vec<Result<Room, StoreError>>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = QueryBuilder::<MySql>::new(SELECT);
    sql.push(" where r.room_id in ");
    mysql::push_list(&mut sql, ids.iter().copied());
    sql.push(" order by r.room_id");
    Ok(sql.build().fetch_all(conn).await?.iter().map(read::<RoomRow>).collect())
}

/// Whether a hotel, which is locked, has more than `most` rooms.
pub(in crate::store) async fn are_above(
    conn: &mut MySqlConnection,
    hotel_id: HotelId,
    most: u32,
) -> Result<bool, sqlx::Error> {
    let sql = "select 1 from rooms where hotel_id = ? limit 1 offset ?";
    super::are_above(conn, sql, hotel_id.uuid(), most).await
}

/// Which of these ids are taken.
pub(in crate::store) async fn present(
    conn: &mut MySqlConnection,
    ids: impl ExactSizeIterator<Item = RoomId> + Send,
) -> Result<HashSet<Uuid>, StoreError> {
    let ids = ids.map(RoomId::uuid);
    let found = super::present(conn, "select room_id from rooms where room_id in (", ids).await?;
    Ok(found.into_iter().collect())
}

/// Inserts rooms with their facilities. The list is not empty.
pub(in crate::store) async fn insert(conn: &mut MySqlConnection, rooms: &[&Room]) -> Result<(), sqlx::Error> {
    let mut sql = QueryBuilder::<MySql>::new(
        "insert into rooms (room_id, hotel_id, display_name, description, quantity, occupancy, price_min, price_max, \
         currency, is_active, version, created_at, updated_at) ",
    );
    sql.push_values(rooms, |mut row, room| {
        let facts = &room.facts;
        row.push_bind(room.room_id.uuid())
            .push_bind(room.hotel_id.uuid())
            .push_bind(facts.display_name.as_str())
            .push_bind(facts.description.as_str())
            .push_bind(facts.quantity)
            .push_bind(facts.occupancy)
            .push_bind(facts.price_min.amount())
            .push_bind(facts.price_max.amount())
            .push_bind(facts.price_min.currency().code().to_owned())
            .push_bind(facts.is_active)
            .push_bind(room.version)
            .push_bind(room.created_at.naive_utc())
            .push_bind(room.updated_at.naive_utc());
    });
    sql.build().execute(&mut *conn).await?;
    insert_facilities(conn, rooms).await
}

async fn insert_facilities(conn: &mut MySqlConnection, rooms: &[&Room]) -> Result<(), sqlx::Error> {
    let rows: Vec<(&Room, &FacilityCode)> =
        rooms.iter().flat_map(|room| room.facts.facilities.iter().map(move |code| (*room, code))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let mut sql = QueryBuilder::<MySql>::new("insert into room_facilities (room_id, code, created_at) ");
    sql.push_values(rows, |mut row, (room, code)| {
        row.push_bind(room.room_id.uuid()).push_bind(code.as_str()).push_bind(room.updated_at.naive_utc());
    });
    sql.build().execute(conn).await?;
    Ok(())
}

/// Writes the room over the row of the version before; false if that is not the row's version.
pub(in crate::store) async fn replace(conn: &mut MySqlConnection, room: &Room) -> Result<bool, sqlx::Error> {
    let facts = &room.facts;
    let sql = "update rooms set display_name = ?, description = ?, quantity = ?, occupancy = ?, price_min = ?, \
               price_max = ?, is_active = ?, version = ?, updated_at = ? where room_id = ? and version = ?";
    let written = sqlx::query(sql)
        .bind(facts.display_name.as_str())
        .bind(facts.description.as_str())
        .bind(facts.quantity)
        .bind(facts.occupancy)
        .bind(facts.price_min.amount())
        .bind(facts.price_max.amount())
        .bind(facts.is_active)
        .bind(room.version)
        .bind(room.updated_at.naive_utc())
        .bind(room.room_id.uuid())
        .bind(room.version.saturating_sub(1))
        .execute(&mut *conn)
        .await?;
    if written.rows_affected() != 1 {
        return Ok(false);
    }
    let old = sqlx::query("delete from room_facilities where room_id = ?").bind(room.room_id.uuid());
    old.execute(&mut *conn).await?;
    insert_facilities(conn, &[room]).await?;
    Ok(true)
}
