//! What booking-service knows of hotels and rooms.

use std::collections::{BTreeMap, BTreeSet};

use booking_core::{RoomStock, SeenHotel};
use chrono::NaiveTime;
use domain::{CountryCode, Currency, Email, HotelId, Phone, RoomId, TimeZone, booking::BookedHotel};
use platform::mysql::{DbError, Text, padded};
use sqlx::{FromRow, MySqlConnection, QueryBuilder, Row as _, mysql::MySqlRow};
use uuid::Uuid;

use super::{ReadMode, Script, corrupt, push_list};
use crate::rows::{if_readable, money};

/// The most rooms of one hotel that are read when all are asked for (api.md, OFFERS).
const MOST_ROOMS: u32 = 5_000;

const HOTEL_COLUMNS: &str = "select hotel_id, owner_id, name, time_zone, country_code, currency, check_in_time, \
                             check_out_time, phone, contact_email, cover_image_url, is_active, version from hotels_seen";
const ROOM_COLUMNS: &str = "select room_id, hotel_id, display_name, occupancy, quantity, overbooking_allowance, \
                            price_min, price_max, currency, is_active, hotel_active, stop_sell, room_version, \
                            hotel_version, stock_version from room_stock";

#[derive(FromRow)]
struct HotelRow {
    hotel_id: Uuid,
    owner_id: Uuid,
    name: String,
    time_zone: String,
    country_code: String,
    currency: String,
    check_in_time: NaiveTime,
    check_out_time: NaiveTime,
    phone: Option<String>,
    contact_email: String,
    cover_image_url: Option<String>,
    is_active: bool,
    version: i64,
}

impl HotelRow {
    fn read(self) -> Result<SeenHotel, DbError> {
        let phone = self.phone.as_deref().map(Phone::parse).transpose();
        Ok(SeenHotel {
            hotel_id: HotelId::from_uuid(self.hotel_id),
            owner_id: self.owner_id,
            facts: BookedHotel {
                name: self.name,
                time_zone: TimeZone::parse(&self.time_zone).map_err(corrupt)?,
                country_code: CountryCode::parse(&self.country_code).map_err(corrupt)?,
                currency: Currency::parse(&self.currency).map_err(corrupt)?,
                check_in_time: self.check_in_time,
                check_out_time: self.check_out_time,
                phone: phone.map_err(corrupt)?,
                email: Email::parse(&self.contact_email).map_err(corrupt)?,
            },
            cover_image_url: self.cover_image_url,
            is_active: self.is_active,
            version: self.version,
        })
    }
}

#[derive(FromRow)]
struct RoomRow {
    room_id: Uuid,
    hotel_id: Uuid,
    display_name: String,
    occupancy: u8,
    quantity: u32,
    overbooking_allowance: u32,
    price_min: i64,
    price_max: i64,
    currency: String,
    is_active: bool,
    hotel_active: bool,
    stop_sell: bool,
    room_version: i64,
    hotel_version: i64,
    stock_version: i64,
}

impl RoomRow {
    fn read(self) -> Result<(RoomId, RoomStock), DbError> {
        let stock = RoomStock {
            room_id: RoomId::from_uuid(self.room_id),
            hotel_id: HotelId::from_uuid(self.hotel_id),
            display_name: self.display_name,
            occupancy: self.occupancy,
            quantity: self.quantity,
            allowance: self.overbooking_allowance,
            price_min: money(self.price_min, &self.currency)?,
            price_max: money(self.price_max, &self.currency)?,
            is_active: self.is_active,
            hotel_active: self.hotel_active,
            stop_sell: self.stop_sell,
            room_version: self.room_version,
            hotel_version: self.hotel_version,
            stock_version: self.stock_version,
        };
        Ok((stock.room_id, stock))
    }
}

/// Those of these hotels that were seen, in order.
pub(crate) async fn hotels_seen(
    conn: &mut MySqlConnection,
    hotels: &BTreeSet<HotelId>,
    read: ReadMode,
) -> Result<BTreeMap<HotelId, SeenHotel>, DbError> {
    if hotels.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut sql = QueryBuilder::new(HOTEL_COLUMNS);
    let ids: Vec<Uuid> = hotels.iter().map(|hotel| hotel.uuid()).collect();
    sql.push(" where hotel_id in ");
    push_list(&mut sql, padded(&ids));
    sql.push(" order by hotel_id").push(read.for_update());
    let rows: Vec<HotelRow> = sql.build_query_as().fetch_all(conn).await?;
    rows.into_iter().map(|row| row.read().map(|hotel| (hotel.hotel_id, hotel))).collect()
}

/// These hotels, as far as they were seen.
pub(crate) fn hotels(ids: &BTreeSet<HotelId>) -> Text {
    let mut sql = Text::new(HOTEL_COLUMNS);
    sql.push(" where hotel_id in ").list(ids.iter().map(|hotel| hotel.uuid()));
    sql
}

/// A row's hotel: its id, and what is known of it if that can be read.
pub(crate) fn seen_hotel(row: &MySqlRow) -> Result<(HotelId, Option<SeenHotel>), DbError> {
    let id: Uuid = row.try_get("hotel_id")?;
    let read = HotelRow::from_row(row).map_err(DbError::from).and_then(HotelRow::read);
    Ok((HotelId::from_uuid(id), if_readable("hotels_seen", id, read)))
}

/// These rooms, in order.
pub(crate) fn these(rooms: &BTreeSet<RoomId>, read: ReadMode) -> Text {
    let mut sql = Text::new(ROOM_COLUMNS);
    sql.push(" force index (primary) where room_id in ").list(rooms.iter().map(|room| room.uuid()));
    sql.push(" order by room_id").push(read.for_share());
    sql
}

/// The rooms of a hotel: those on sale first, the cheaper night first.
pub(crate) fn of_hotel(hotel: HotelId) -> Text {
    let mut sql = Text::new(ROOM_COLUMNS);
    sql.push(" where hotel_id = ").value(&hotel.uuid());
    sql.push(" order by (is_active and hotel_active and not stop_sell) desc, price_min + price_max, room_id limit ");
    sql.value(&MOST_ROOMS);
    sql
}

/// A row's room: its id, and its stock if that can be read.
pub(crate) fn room(row: &MySqlRow) -> Result<(RoomId, Option<RoomStock>), DbError> {
    let id: Uuid = row.try_get("room_id")?;
    let read = RoomRow::from_row(row).map_err(DbError::from).and_then(RoomRow::read);
    Ok((RoomId::from_uuid(id), if_readable("room_stock", id, read).map(|(_, stock)| stock)))
}

/// These rooms, in order.
pub(crate) async fn rooms(
    conn: &mut MySqlConnection,
    rooms: &BTreeSet<RoomId>,
    lock: &'static str,
) -> Result<BTreeMap<RoomId, RoomStock>, DbError> {
    if rooms.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut sql = QueryBuilder::new(ROOM_COLUMNS);
    sql.push(" force index (primary) where room_id in ");
    push_list(&mut sql, rooms.iter().map(|room| room.uuid()));
    sql.push(" order by room_id").push(lock);
    // The text follows the list: each length of it would be prepared and kept once more.
    let rows: Vec<RoomRow> = sql.build_query_as().persistent(false).fetch_all(conn).await?;
    rows.into_iter().map(RoomRow::read).collect()
}

/// Share-locks the rooms and requires the versions that the plan relied on.
pub(crate) fn require(script: &mut Script, versions: &BTreeMap<RoomId, i64>) {
    if versions.is_empty() {
        return;
    }
    let mut sql = Text::new("select count(*) from (values ");
    sql.separated(versions, |sql, (room, version)| {
        sql.push("row").row(&[&room.uuid(), version]);
    });
    sql.push(
        ") as v (room_id, stock_version) straight_join room_stock s force index (primary) on s.room_id = v.room_id \
         where s.stock_version = v.stock_version for share of s",
    );
    script.must_count(&sql, versions.len());
}

/// Writes hotels as seen.
pub(crate) async fn put_hotels<'a>(
    conn: &mut MySqlConnection,
    hotels: impl ExactSizeIterator<Item = &'a SeenHotel>,
) -> Result<(), DbError> {
    let count = hotels.len();
    if count == 0 {
        return Ok(());
    }
    let mut sql = QueryBuilder::new(
        "insert into hotels_seen (hotel_id, owner_id, name, time_zone, country_code, currency, check_in_time, \
         check_out_time, phone, contact_email, cover_image_url, is_active, version, created_at, updated_at) ",
    );
    sql.push_values(hotels, |mut row, hotel| {
        let facts = &hotel.facts;
        row.push_bind(hotel.hotel_id.uuid()).push_bind(hotel.owner_id).push_bind(facts.name.as_str());
        row.push_bind(facts.time_zone.name()).push_bind(facts.country_code.code());
        row.push_bind(facts.currency.code()).push_bind(facts.check_in_time).push_bind(facts.check_out_time);
        row.push_bind(facts.phone.as_ref().map(Phone::as_str)).push_bind(facts.email.as_str());
        row.push_bind(hotel.cover_image_url.as_deref()).push_bind(hotel.is_active).push_bind(hotel.version);
        row.push("utc_timestamp(6), utc_timestamp(6)");
    });
    sql.push(
        " as new on duplicate key update owner_id = new.owner_id, name = new.name, country_code = new.country_code, \
         check_in_time = new.check_in_time, check_out_time = new.check_out_time, phone = new.phone, \
         contact_email = new.contact_email, cover_image_url = new.cover_image_url, \
         is_active = new.is_active, version = new.version, updated_at = new.updated_at",
    );
    sql.build().persistent(count == 1).execute(conn).await?;
    Ok(())
}

/// Writes whether the hotel is on sale, which has changed, into all its rooms that do not know it yet, in room order.
pub(crate) async fn put_hotel_into_rooms(
    conn: &mut MySqlConnection,
    hotel: &SeenHotel,
) -> Result<(), DbError> {
    let sql = "update room_stock set hotel_active = ?, hotel_version = ?, stock_version = stock_version + 1, \
               updated_at = utc_timestamp(6) where hotel_id = ? and hotel_version < ? order by room_id";
    sqlx::query(sql)
        .bind(hotel.is_active)
        .bind(hotel.version)
        .bind(hotel.hotel_id.uuid())
        .bind(hotel.version)
        .execute(conn)
        .await?;
    Ok(())
}

/// Writes rooms' stock.
pub(crate) async fn put_rooms<'a>(
    conn: &mut MySqlConnection,
    rooms: impl ExactSizeIterator<Item = &'a RoomStock>,
) -> Result<(), DbError> {
    let count = rooms.len();
    if count == 0 {
        return Ok(());
    }
    let mut sql = QueryBuilder::new(
        "insert into room_stock (room_id, hotel_id, display_name, occupancy, quantity, overbooking_allowance, \
         price_min, price_max, currency, is_active, hotel_active, stop_sell, room_version, hotel_version, \
         stock_version, created_at, updated_at) ",
    );
    sql.push_values(rooms, |mut row, room| {
        row.push_bind(room.room_id.uuid())
            .push_bind(room.hotel_id.uuid())
            .push_bind(room.display_name.as_str());
        row.push_bind(room.occupancy).push_bind(room.quantity).push_bind(room.allowance);
        row.push_bind(room.price_min.amount()).push_bind(room.price_max.amount());
        row.push_bind(room.price_min.currency().code())
            .push_bind(room.is_active)
            .push_bind(room.hotel_active);
        row.push_bind(room.stop_sell).push_bind(room.room_version).push_bind(room.hotel_version);
        row.push_bind(room.stock_version).push("utc_timestamp(6), utc_timestamp(6)");
    });
    sql.push(
        " as new on duplicate key update display_name = new.display_name, occupancy = new.occupancy, \
         quantity = new.quantity, price_min = new.price_min, price_max = new.price_max, \
         is_active = new.is_active, hotel_active = new.hotel_active, room_version = new.room_version, \
         hotel_version = new.hotel_version, stock_version = new.stock_version, updated_at = new.updated_at",
    );
    sql.build().persistent(count == 1).execute(conn).await?;
    Ok(())
}
