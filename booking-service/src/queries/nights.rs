//! Nights as `availability.events` tells them: what they are now, and that they are over.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::{HotelId, RoomId, TimeZone};
use events::{inbox, outbox};
use platform::mysql::{self, DbError, Tx};
use sqlx::{FromRow, MySql, MySqlPool, QueryBuilder};
use uuid::Uuid;

use crate::{
    rows::{UnreadableRow, readable},
    store::touched,
};

/// A night as it is now.
#[derive(Debug, Clone)]
pub struct NightNow {
    pub(crate) hotel_id: HotelId,
    /// The hotel's zone, in which the night may be over.
    pub(crate) time_zone: Option<TimeZone>,
    /// Units there are to sell.
    pub(crate) initial_quantity: u32,
    /// Units still to be had.
    pub(crate) available_quantity: u32,
    /// Raised by every change.
    pub(crate) version: i64,
}

#[derive(FromRow)]
struct Row {
    room_id: Uuid,
    date: NaiveDate,
    hotel_id: Uuid,
    time_zone: Option<String>,
    initial_quantity: u32,
    available_quantity: u32,
    version: i64,
}

/// No statement names more nights.
const NIGHTS_PER_STATEMENT: usize = 500;

/// The current rows of these nights; one without a row is left out.
pub async fn current(
    pool: &MySqlPool,
    wanted: &[(RoomId, NaiveDate)],
) -> Result<BTreeMap<(RoomId, NaiveDate), NightNow>, sqlx::Error> {
    let mut nights = BTreeMap::new();
    for chunk in wanted.chunks(NIGHTS_PER_STATEMENT) {
        let mut sql = QueryBuilder::new(
            "select n.room_id, n.date, s.hotel_id, h.time_zone, n.initial_quantity, n.available_quantity, n.version \
             from available_rooms n join room_stock s on s.room_id = n.room_id \
             left join hotels_seen h on h.hotel_id = s.hotel_id where (n.room_id, n.date) in (",
        );
        let mut list = sql.separated(", ");
        for (room, date) in mysql::padded(chunk) {
            list.push("(").push_bind_unseparated(room.uuid());
            list.push_unseparated(", ").push_bind_unseparated(date).push_unseparated(")");
        }
        sql.push(")");
        let rows: Vec<Row> = sql.build_query_as().persistent(false).fetch_all(pool).await?;
        nights.extend(rows.into_iter().map(Row::read));
    }
    Ok(nights)
}

impl Row {
    fn read(self) -> ((RoomId, NaiveDate), NightNow) {
        let now = NightNow {
            hotel_id: HotelId::from_uuid(self.hotel_id),
            time_zone: self.time_zone.and_then(|name| TimeZone::parse(&name).ok()),
            initial_quantity: self.initial_quantity,
            available_quantity: self.available_quantity,
            version: self.version,
        };
        ((RoomId::from_uuid(self.room_id), self.date), now)
    }
}

/// The group under which the inbox keeps which dates have been taken back.
const GROUP: &str = "booking-night-tombstones";

/// A name for a date in the inbox.
fn date_id(date: NaiveDate) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("vacancy/night-tombstones/{date}").as_bytes())
}

/// Whether all nights of that date have been taken back.
pub async fn is_taken_back(pool: &MySqlPool, date: NaiveDate) -> Result<bool, sqlx::Error> {
    let sql = "select count(*) from inbox where consumer_group = ? and event_id = ?";
    let count: i64 = sqlx::query_scalar(sql).bind(GROUP).bind(date_id(date)).fetch_one(pool).await?;
    Ok(count > 0)
}

/// Raises the version of the next `chunk` nights of a past date and queues their events, which say that they are over.
/// Answers the last room; none when the date is done, which is noted in the same transaction.
pub async fn take_back(
    pool: &MySqlPool,
    date: NaiveDate,
    after: Option<RoomId>,
    chunk: u32,
) -> Result<Option<RoomId>, DbError> {
    let mut tx = Tx::begin(pool).await?;
    // The hotel without a lock: a room never changes it, and bookings shall not wait for their room here.
    let sql = "select room_id, (select s.hotel_id from room_stock s where s.room_id = n.room_id) \
               from available_rooms n where date = ? and room_id > ? order by room_id limit ? for update";
    let after = after.map_or(Uuid::nil(), RoomId::uuid);
    let rows: Vec<(Uuid, Option<Uuid>)> =
        sqlx::query_as(sql).bind(date).bind(after).bind(chunk).fetch_all(tx.conn()).await?;
    let last = rows.last().map(|(room, _)| RoomId::from_uuid(*room));
    if rows.is_empty() {
        inbox::seen_before(tx.conn(), GROUP, date_id(date)).await?;
    } else {
        let rooms: Vec<Uuid> = rows.iter().map(|(room, _)| *room).collect();
        raise(date, &rooms).build().execute(tx.conn()).await?;
        let told = |(room, hotel): (Uuid, Option<Uuid>)| {
            let hotel =
                hotel.ok_or_else(|| UnreadableRow::of("available_rooms", room, "its room is not there"))?;
            Ok(touched(hotel.into(), (room.into(), date), None))
        };
        outbox::insert(tx.conn(), &readable(rows, told)).await?;
    }
    tx.commit().await?;
    Ok(last)
}

/// Raises the versions of these rooms' nights of that date.
fn raise(date: NaiveDate, rooms: &[Uuid]) -> QueryBuilder<MySql> {
    let mut sql = QueryBuilder::new("update available_rooms set version = version + 1, updated_at = ");
    sql.push("utc_timestamp(6) where date = ").push_bind(date).push(" and room_id in ");
    mysql::push_list(&mut sql, mysql::padded(rooms));
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_many_lengths_are_few_statements() {
        let of = |count: u128| {
            let rooms: Vec<Uuid> = (0..count).map(Uuid::from_u128).collect();
            raise(NaiveDate::default(), &rooms).sql().as_str().to_owned()
        };
        assert_eq!(of(1).matches('?').count(), 2, "the date and the room");
        assert_eq!(of(65), of(100));
    }
}
