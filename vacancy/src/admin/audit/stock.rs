//! What booking-service sells is what hotel-service says.

use std::collections::BTreeMap;

use async_trait::async_trait;
use platform::causes::BoxError;
use sqlx::{FromRow, MySql, MySqlPool, QueryBuilder};
use uuid::Uuid;

use super::{Check, Tally};
use crate::admin::Stores;

pub(super) struct Stock;

/// A room as both databases know it.
#[derive(Debug, PartialEq, Eq, FromRow)]
#[expect(clippy::struct_field_names, reason = "named as the columns")]
struct Room {
    room_id: Uuid,
    hotel_id: Uuid,
    quantity: u32,
    occupancy: u8,
    price_min: i64,
    price_max: i64,
    currency: String,
    is_active: bool,
    hotel_active: bool,
    room_version: i64,
    hotel_version: i64,
}

#[async_trait]
impl Check for Stock {
    fn name(&self) -> &'static str {
        "stock"
    }

    fn promise(&self) -> &'static str {
        "each room is sold as its hotel says: quantity, prices, versions"
    }

    fn converges(&self) -> bool {
        true
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let settings = &stores.settings.audit;
        let mut tally = Tally::new(settings.shown);
        let mut after = Uuid::nil();
        loop {
            let said = said(&stores.hotel, after, settings.page).await?;
            let Some(last) = said.last() else { break };
            let sold = sold(&stores.booking, after, last.room_id).await?;
            after = last.room_id;
            compare(&said, &sold, &mut tally);
        }
        let beyond = sold(&stores.booking, after, Uuid::max()).await?;
        compare(&[], &beyond, &mut tally);
        Ok(tally)
    }
}

async fn said(pool: &MySqlPool, after: Uuid, limit: u32) -> Result<Vec<Room>, sqlx::Error> {
    let sql = "select r.room_id, r.hotel_id, r.quantity, r.occupancy, r.price_min, r.price_max, r.currency, \
               r.is_active, (h.is_active and h.suspended_at is null) as hotel_active, r.version as room_version, \
               h.version as hotel_version \
               from rooms r join hotels h on h.hotel_id = r.hotel_id where r.room_id > ? order by r.room_id limit ?";
    sqlx::query_as(sql).bind(after).bind(limit).fetch_all(pool).await
}

async fn sold(pool: &MySqlPool, after: Uuid, last: Uuid) -> Result<Vec<Room>, sqlx::Error> {
    let mut sql = QueryBuilder::<MySql>::new(
        "select r.room_id, r.hotel_id, r.quantity, r.occupancy, r.price_min, r.price_max, r.currency, r.is_active, \
         r.hotel_active, r.room_version, coalesce(h.version, 0) as hotel_version \
         from room_stock r left join hotels_seen h on h.hotel_id = r.hotel_id where r.room_id > ",
    );
    sql.push_bind(after).push(" and r.room_id <= ").push_bind(last).push(" order by r.room_id");
    sql.build_query_as().fetch_all(pool).await
}

fn compare(said: &[Room], sold: &[Room], tally: &mut Tally) {
    let mut sold: BTreeMap<Uuid, &Room> = sold.iter().map(|room| (room.room_id, room)).collect();
    for room in said {
        let wrong = match sold.remove(&room.room_id) {
            None => Some(format!("room {}: booking-service has not heard of it", room.room_id)),
            Some(known) if known != room => {
                Some(format!("room {}: hotel says {room:?}, sold as {known:?}", room.room_id))
            }
            Some(_) => None,
        };
        tally.judge(wrong);
    }
    for room in sold.into_keys() {
        tally.judge([format!("room {room} is sold and its hotel does not know it")]);
    }
}
