//! Tells nights again: what they are then the relay reads after the commit.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::{HotelId, RoomId};
use events::outbox;
use platform::mysql::{DbError, RetrySettings, Tx, retry_unit};
use sqlx::{MySqlConnection, MySqlPool, QueryBuilder};
use uuid::Uuid;

use crate::store::touched;

/// Which nights are told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// Only those of this hotel.
    pub only: Option<HotelId>,
    /// The first date; those before it are over everywhere.
    pub first: NaiveDate,
    /// Nights of one transaction at most.
    pub page: u32,
    /// Raises their versions by so much; 0 leaves them.
    pub raise_by: u32,
}

type At = (RoomId, NaiveDate);

/// Whether booking-service has seen the hotel.
pub async fn is_seen(pool: &MySqlPool, hotel: HotelId) -> Result<bool, sqlx::Error> {
    let sql = "select count(*) from hotels_seen where hotel_id = ?";
    let count: i64 = sqlx::query_scalar(sql).bind(hotel.uuid()).fetch_one(pool).await?;
    Ok(count > 0)
}

/// How many nights `again` means.
pub async fn count(pool: &MySqlPool, again: Again) -> Result<u64, sqlx::Error> {
    let mut sql = QueryBuilder::new("select count(*) from ");
    push_nights(&mut sql, again);
    let count: i64 = sql.build_query_scalar().fetch_one(pool).await?;
    Ok(count.unsigned_abs())
}

/// Queues the page of nights behind this one, of the nil room for the first; fewer than a page are the last.
pub async fn nights(pool: &MySqlPool, again: Again, after: At) -> Result<Vec<At>, DbError> {
    retry_unit(RetrySettings::BRIEF, || async {
        let mut tx = Tx::begin(pool).await?;
        let page = page(tx.conn(), again, after).await?;
        if again.raise_by > 0 && !page.is_empty() {
            raise(tx.conn(), page.keys().copied(), again.raise_by).await?;
        }
        let told: Vec<_> = page.iter().map(|(at, hotel)| touched(*hotel, *at, None)).collect();
        outbox::insert(tx.conn(), &told).await?;
        tx.commit().await?;
        Ok(page.into_keys().collect())
    })
    .await
}

fn push_nights(sql: &mut QueryBuilder<sqlx::MySql>, again: Again) {
    sql.push("available_rooms n join room_stock s on s.room_id = n.room_id where n.date >= ")
        .push_bind(again.first);
    if let Some(only) = again.only {
        sql.push(" and s.hotel_id = ").push_bind(only.uuid());
    }
}

/// In the order of the key, as all who take nights lock them.
async fn page(
    conn: &mut MySqlConnection,
    again: Again,
    (room, date): At,
) -> Result<BTreeMap<At, HotelId>, sqlx::Error> {
    let mut sql = QueryBuilder::new("select n.room_id, n.date, s.hotel_id from ");
    push_nights(&mut sql, again);
    sql.push(" and n.room_id >= ").push_bind(room.uuid());
    sql.push(" and (n.room_id > ").push_bind(room.uuid());
    sql.push(" or n.date > ").push_bind(date).push(")");
    sql.push(" order by n.room_id, n.date limit ").push_bind(again.page);
    if again.raise_by > 0 {
        sql.push(" for update of n");
    }
    let rows: Vec<(Uuid, NaiveDate, Uuid)> = sql.build_query_as().fetch_all(conn).await?;
    let read = |(room, date, hotel)| ((RoomId::from_uuid(room), date), HotelId::from_uuid(hotel));
    Ok(rows.into_iter().map(read).collect())
}

async fn raise(
    conn: &mut MySqlConnection,
    nights: impl Iterator<Item = At>,
    by: u32,
) -> Result<(), sqlx::Error> {
    let mut sql = QueryBuilder::new("update available_rooms set version = version + ");
    sql.push_bind(by).push(", updated_at = utc_timestamp(6) where (room_id, date) in (");
    let mut list = sql.separated(", ");
    for (room, date) in nights {
        list.push("(").push_bind_unseparated(room.uuid());
        list.push_unseparated(", ").push_bind_unseparated(date).push_unseparated(")");
    }
    sql.push(")");
    // Its text follows the list: each length of it would be prepared and kept once more.
    sql.build().persistent(false).execute(conn).await?;
    Ok(())
}
