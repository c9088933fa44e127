use std::collections::HashSet;

use ::domain::{
    CountryCode, Currency, Email, GeoPoint, HotelId, Instant, Invalid, LocalityId, Phone, Text, TimeZone,
    UserId, facility::FacilityCode, hotel::Contact,
};
use chrono::{NaiveDateTime, NaiveTime};
use platform::{causes::BoxError, mysql};
use sqlx::{FromRow, MySql, MySqlConnection, QueryBuilder, Row as _, types::Json};
use uuid::Uuid;

use super::{Columns, part, read};
use crate::{
    domain::{
        hotel::{AddressFacts, Description, Hotel, HotelFacts, Suspension},
        locality::Place,
    },
    store::{Cursor, Part, StoreError},
};

const SELECT: &str = "select h.hotel_id, h.owner_id, h.region, h.name, h.description, h.locality_id, \
    h.address_line1, h.address_line2, h.postal_code, h.latitude, h.longitude, h.contact_email, h.contact_phone, \
    h.time_zone, h.currency, h.star_rating, h.check_in_time, h.check_out_time, h.is_active, \
    h.suspended_at, h.suspended_by, h.suspended_reason, h.version, \
    h.created_at, h.updated_at, l.name as locality_name, l.country_code, l.latitude as locality_latitude, \
    l.longitude as locality_longitude, \
    (select json_arrayagg(f.code) from hotel_facilities f where f.hotel_id = h.hotel_id) as facilities \
    from hotels h join localities l on l.locality_id = h.locality_id";

#[derive(FromRow)]
struct HotelRow {
    hotel_id: Uuid,
    owner_id: Uuid,
    region: String,
    name: String,
    description: String,
    locality_id: Uuid,
    address_line1: String,
    address_line2: Option<String>,
    postal_code: Option<String>,
    latitude: f64,
    longitude: f64,
    contact_email: String,
    contact_phone: Option<String>,
    time_zone: String,
    currency: String,
    star_rating: Option<u8>,
    check_in_time: NaiveTime,
    check_out_time: NaiveTime,
    is_active: bool,
    suspended_at: Option<NaiveDateTime>,
    suspended_by: Option<Uuid>,
    suspended_reason: Option<String>,
    version: i64,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    locality_name: String,
    country_code: String,
    locality_latitude: f64,
    locality_longitude: f64,
    facilities: Option<Json<Vec<FacilityCode>>>,
}

impl Columns for HotelRow {
    type Record = Hotel;
    const TABLE: &'static str = "hotels";
    const ID: &'static str = "hotel_id";

    fn read(mut self) -> Result<Hotel, BoxError> {
        Ok(Hotel {
            facts: self.facts()?,
            suspended: self.suspended()?,
            place: Place {
                locality_id: LocalityId::from_uuid(self.locality_id),
                name: self.locality_name,
                country_code: CountryCode::parse(&self.country_code)?,
                point: GeoPoint::parse(self.locality_latitude, self.locality_longitude)?,
            },
            hotel_id: HotelId::from_uuid(self.hotel_id),
            owner_id: self.owner_id,
            region: self.region,
            version: self.version,
            created_at: Instant::from_naive_utc(self.created_at),
            updated_at: Instant::from_naive_utc(self.updated_at),
        })
    }
}

impl HotelRow {
    fn facts(&mut self) -> Result<HotelFacts, Invalid> {
        let mut facilities = self.facilities.take().map(|json| json.0).unwrap_or_default();
        facilities.sort();
        Ok(HotelFacts {
            name: Text::parse(&self.name)?,
            description: Description::parse_lines(&self.description)?,
            locality_id: LocalityId::from_uuid(self.locality_id),
            address: self.address()?,
            point: GeoPoint::parse(self.latitude, self.longitude)?,
            time_zone: TimeZone::parse(&self.time_zone)?,
            currency: Currency::parse(&self.currency)?,
            star_rating: self.star_rating,
            facilities,
            contact: Contact {
                email: Email::parse(&self.contact_email)?,
                phone: self.contact_phone.as_deref().map(Phone::parse).transpose()?,
            },
            check_in_time: self.check_in_time,
            check_out_time: self.check_out_time,
            is_active: self.is_active,
        })
    }

    fn suspended(&self) -> Result<Option<Suspension>, Invalid> {
        let Some(((at, by), reason)) =
            self.suspended_at.zip(self.suspended_by).zip(self.suspended_reason.as_deref())
        else {
            return Ok(None);
        };
        let (by, at) = (UserId::from_uuid(by), Instant::from_naive_utc(at));
        Ok(Some(Suspension { reason: Text::parse(reason)?, by, at }))
    }

    fn address(&self) -> Result<AddressFacts, Invalid> {
        Ok(AddressFacts {
            line1: Text::parse(&self.address_line1)?,
            line2: self.address_line2.as_deref().map(Text::parse).transpose()?,
            postal_code: self.postal_code.as_deref().map(Text::parse).transpose()?,
        })
    }
}

/// A hotel.
pub(in crate::store) async fn find(
    conn: &mut MySqlConnection,
    hotel_id: HotelId,
) -> Result<Option<Hotel>, StoreError> {
    let mut sql = QueryBuilder::<MySql>::new(SELECT);
    sql.push(" where h.hotel_id = ").push_bind(hotel_id.uuid());
    let row = sql.build().fetch_optional(conn).await?;
    row.as_ref().map(read::<HotelRow>).transpose()
}

/// Hotels of an owner, or everybody's, by id.
pub(in crate::store) async fn list(
    conn: &mut MySqlConnection,
    owner_id: Option<Uuid>,
    cursor: Cursor<HotelId>,
) -> Result<Part<Hotel, HotelId>, StoreError> {
    let mut sql = QueryBuilder::<MySql>::new(SELECT);
    sql.push(" where h.hotel_id > ").push_bind(cursor.after.map_or(Uuid::nil(), HotelId::uuid));
    if let Some(owner_id) = owner_id {
        sql.push(" and h.owner_id = ").push_bind(owner_id);
    }
    sql.push(" order by h.hotel_id limit ").push_bind(cursor.limit.saturating_add(1));
    let rows = sql.build().fetch_all(conn).await?;
    part::<HotelRow, _>(rows, cursor.limit, |row| row.try_get("hotel_id").map(HotelId::from_uuid))
}

/// These hotels, by id, each as far as it can be read.
pub(in crate::store) async fn by_ids(
    conn: &mut MySqlConnection,
    ids: &[Uuid],
) -> Result<Vec<Result<Hotel, StoreError>>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = QueryBuilder::<MySql>::new(SELECT);
    sql.push(" where h.hotel_id in ");
    mysql::push_list(&mut sql, ids.iter().copied());
    sql.push(" order by h.hotel_id");
    Ok(sql.build().fetch_all(conn).await?.iter().map(read::<HotelRow>).collect())
}

/// Locks a hotel until the transaction ends: those who add rooms to it wait for each other.
pub(in crate::store) async fn lock(conn: &mut MySqlConnection, hotel_id: HotelId) -> Result<(), sqlx::Error> {
    let sql = sqlx::query("select hotel_id from hotels where hotel_id = ? for update");
    sql.bind(hotel_id.uuid()).fetch_optional(conn).await?;
    Ok(())
}

/// Whether an owner, who is locked, has more than `most` hotels.
pub(in crate::store) async fn are_above(
    conn: &mut MySqlConnection,
    owner_id: Uuid,
    most: u32,
) -> Result<bool, sqlx::Error> {
    super::are_above(conn, "select 1 from hotels where owner_id = ? limit 1 offset ?", owner_id, most).await
}

/// Which of these ids are taken.
pub(in crate::store) async fn present(
    conn: &mut MySqlConnection,
    ids: impl ExactSizeIterator<Item = HotelId> + Send,
) -> Result<HashSet<Uuid>, StoreError> {
    let ids = ids.map(HotelId::uuid);
    let found = super::present(conn, "select hotel_id from hotels where hotel_id in (", ids).await?;
    Ok(found.into_iter().collect())
}

/// Inserts hotels with their facilities. The list is not empty.
pub(in crate::store) async fn insert(
    conn: &mut MySqlConnection,
    hotels: &[&Hotel],
) -> Result<(), sqlx::Error> {
    let mut sql = QueryBuilder::<MySql>::new(
        "insert into hotels (hotel_id, owner_id, region, name, description, locality_id, address_line1, \
         address_line2, postal_code, latitude, longitude, contact_email, contact_phone, time_zone, currency, \
         star_rating, check_in_time, check_out_time, is_active, version, created_at, updated_at) ",
    );
    sql.push_values(hotels, |mut row, hotel| {
        let facts = &hotel.facts;
        row.push_bind(hotel.hotel_id.uuid())
            .push_bind(hotel.owner_id)
            .push_bind(hotel.region.as_str())
            .push_bind(facts.name.as_str())
            .push_bind(facts.description.as_str())
            .push_bind(facts.locality_id.uuid())
            .push_bind(facts.address.line1.as_str())
            .push_bind(facts.address.line2.as_ref().map(Text::as_str))
            .push_bind(facts.address.postal_code.as_ref().map(Text::as_str))
            .push_bind(facts.point.latitude())
            .push_bind(facts.point.longitude())
            .push_bind(facts.contact.email.as_str())
            .push_bind(facts.contact.phone.as_ref().map(Phone::as_str))
            .push_bind(facts.time_zone.name())
            .push_bind(facts.currency.code())
            .push_bind(facts.star_rating)
            .push_bind(facts.check_in_time)
            .push_bind(facts.check_out_time)
            .push_bind(facts.is_active)
            .push_bind(hotel.version)
            .push_bind(hotel.created_at.naive_utc())
            .push_bind(hotel.updated_at.naive_utc());
    });
    sql.build().execute(&mut *conn).await?;
    insert_facilities(conn, hotels).await
}

async fn insert_facilities(conn: &mut MySqlConnection, hotels: &[&Hotel]) -> Result<(), sqlx::Error> {
    let rows: Vec<(&Hotel, &FacilityCode)> = hotels
        .iter()
        .flat_map(|hotel| hotel.facts.facilities.iter().map(move |code| (*hotel, code)))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let mut sql = QueryBuilder::<MySql>::new("insert into hotel_facilities (hotel_id, code, created_at) ");
    sql.push_values(rows, |mut row, (hotel, code)| {
        row.push_bind(hotel.hotel_id.uuid()).push_bind(code.as_str()).push_bind(hotel.updated_at.naive_utc());
    });
    sql.build().execute(conn).await?;
    Ok(())
}

/// Writes the hotel over the row of the version before; false if that is not the row's version.
pub(in crate::store) async fn replace(
    conn: &mut MySqlConnection,
    hotel: &Hotel,
) -> Result<bool, sqlx::Error> {
    let facts = &hotel.facts;
    let suspended = hotel.suspended.as_ref();
    let sql = "update hotels set owner_id = ?, suspended_at = ?, suspended_by = ?, suspended_reason = ?, name = ?, \
               description = ?, locality_id = ?, address_line1 = ?, address_line2 = ?, postal_code = ?, latitude = ?, \
               longitude = ?, contact_email = ?, contact_phone = ?, star_rating = ?, check_in_time = ?, check_out_time = ?, \
               is_active = ?, version = ?, updated_at = ? \
               where hotel_id = ? and version = ?";
    let written = sqlx::query(sql)
        .bind(hotel.owner_id)
        .bind(suspended.map(|suspended| suspended.at.naive_utc()))
        .bind(suspended.map(|suspended| suspended.by.uuid()))
        .bind(suspended.map(|suspended| suspended.reason.as_str()))
        .bind(facts.name.as_str())
        .bind(facts.description.as_str())
        .bind(facts.locality_id.uuid())
        .bind(facts.address.line1.as_str())
        .bind(facts.address.line2.as_ref().map(Text::as_str))
        .bind(facts.address.postal_code.as_ref().map(Text::as_str))
        .bind(facts.point.latitude())
        .bind(facts.point.longitude())
        .bind(facts.contact.email.as_str())
        .bind(facts.contact.phone.as_ref().map(Phone::as_str))
        .bind(facts.star_rating)
        .bind(facts.check_in_time)
        .bind(facts.check_out_time)
        .bind(facts.is_active)
        .bind(hotel.version)
        .bind(hotel.updated_at.naive_utc())
        .bind(hotel.hotel_id.uuid())
        .bind(hotel.version.saturating_sub(1))
        .execute(&mut *conn)
        .await?;
    if written.rows_affected() != 1 {
        return Ok(false);
    }
    let old = sqlx::query("delete from hotel_facilities where hotel_id = ?").bind(hotel.hotel_id.uuid());
    old.execute(&mut *conn).await?;
    insert_facilities(conn, &[hotel]).await?;
    Ok(true)
}
