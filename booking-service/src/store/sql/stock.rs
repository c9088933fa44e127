//! What booking-service knows of hotels and rooms.

use std::collections::{BTreeMap, BTreeSet};

use booking_core::{Night, RoomStock, SeenHotel};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use domain::{
    CountryCode, Currency, Email, HotelId, Instant, Phone, RoomId, StayDates, TimeZone, booking::BookedHotel,
};
use platform::mysql::{DbError, padded};
use sqlx::{FromRow, MySqlConnection, QueryBuilder, Row as _};
use uuid::Uuid;

use super::{ReadMode, WriteError, corrupt, nights::At, push_list};
use crate::rows::{UnreadableRow, money, readable};

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

/// A hotel, if it was seen.
pub(crate) async fn hotel(
    conn: &mut MySqlConnection,
    hotel: HotelId,
    read: ReadMode,
) -> Result<Option<SeenHotel>, DbError> {
    Ok(hotels(conn, &BTreeSet::from([hotel]), read).await?.remove(&hotel))
}

/// Those of these hotels that were seen, in order.
pub(crate) async fn hotels(
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

/// The time, and a hotel if it was seen.
pub(crate) async fn hotel_now(
    conn: &mut MySqlConnection,
    hotel: HotelId,
) -> Result<(Instant, Option<SeenHotel>), DbError> {
    let mut sql = QueryBuilder::new("select now.at, hotel.* from (select ");
    sql.push(super::NOW).push(" as at) now left join (").push(HOTEL_COLUMNS);
    sql.push(") hotel on hotel.hotel_id = ").push_bind(hotel.uuid());
    let row = sql.build().fetch_one(conn).await?;
    let at: NaiveDateTime = row.try_get("at")?;
    let seen: Option<Uuid> = row.try_get("hotel_id")?;
    let hotel = seen.map(|_| HotelRow::from_row(&row)?.read()).transpose()?;
    Ok((Instant::from_naive_utc(at), hotel))
}

/// These rooms and their touched nights over a stay. Read plainly: nothing is locked.
pub(crate) async fn rooms_with_nights(
    conn: &mut MySqlConnection,
    rooms: &BTreeSet<RoomId>,
    dates: StayDates,
) -> Result<(BTreeMap<RoomId, RoomStock>, BTreeMap<At, Night>), DbError> {
    if rooms.is_empty() {
        return Ok(Default::default());
    }
    let mut sql = QueryBuilder::new("select room.*, night.* from (");
    sql.push(ROOM_COLUMNS).push(" where room_id in ");
    push_list(&mut sql, rooms.iter().map(|room| room.uuid()));
    sql.push(
        ") room left join (select room_id as night_of, date, initial_quantity, available_quantity, \
         overbooking_allowance as allowance from available_rooms) night \
         on night.night_of = room.room_id and night.date >= ",
    );
    sql.push_bind(dates.start_date()).push(" and night.date < ").push_bind(dates.end_date());
    let (mut found, mut nights) = (BTreeMap::new(), BTreeMap::new());
    for row in sql.build().fetch_all(conn).await? {
        let (room, stock) = RoomRow::from_row(&row)?.read()?;
        found.insert(room, stock);
        let date: Option<NaiveDate> = row.try_get("date")?;
        if let Some(date) = date {
            let (initial, available) = (row.try_get("initial_quantity")?, row.try_get("available_quantity")?);
            nights.insert((room, date), Night { initial, available, allowance: row.try_get("allowance")? });
        }
    }
    Ok((found, nights))
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
    sql.push(" where room_id in ");
    push_list(&mut sql, rooms.iter().map(|room| room.uuid()));
    sql.push(" order by room_id").push(lock);
    let rows: Vec<RoomRow> = sql.build_query_as().fetch_all(conn).await?;
    rows.into_iter().map(RoomRow::read).collect()
}

/// The rooms of a hotel that can be read: those on sale first, the cheaper night first.
pub(crate) async fn rooms_of(
    conn: &mut MySqlConnection,
    hotel: HotelId,
) -> Result<BTreeMap<RoomId, RoomStock>, DbError> {
    let mut sql = QueryBuilder::new(ROOM_COLUMNS);
    sql.push(" where hotel_id = ").push_bind(hotel.uuid());
    sql.push(" order by (is_active and hotel_active and not stop_sell) desc, price_min + price_max, room_id limit ");
    sql.push_bind(MOST_ROOMS);
    let rows: Vec<RoomRow> = sql.build_query_as().fetch_all(conn).await?;
    let read = |row: RoomRow| {
        let room = row.room_id;
        row.read().map_err(|error| UnreadableRow::of("room_stock", room, error))
    };
    Ok(readable(rows, read).into_iter().collect())
}

/// Share-locks the rooms and requires the versions that the plan relied on.
pub(crate) async fn require(
    conn: &mut MySqlConnection,
    versions: &BTreeMap<RoomId, i64>,
) -> Result<(), WriteError> {
    if versions.is_empty() {
        return Ok(());
    }
    let mut sql = QueryBuilder::new("select room_id, stock_version from room_stock where room_id in ");
    push_list(&mut sql, versions.keys().map(|room| room.uuid()));
    sql.push(" order by room_id for share");
    let rows: Vec<(Uuid, i64)> = sql.build_query_as().fetch_all(conn).await?;
    let found: BTreeMap<RoomId, i64> =
        rows.into_iter().map(|(room, version)| (RoomId::from_uuid(room), version)).collect();
    if found == *versions { Ok(()) } else { Err(WriteError::Stale) }
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
