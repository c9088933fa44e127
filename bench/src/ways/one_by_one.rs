//! As ours was before the shards: everything that a decision needs read by a statement of its own, then one transaction for one
//! booking, guarded. Eleven round trips.

use async_trait::async_trait;
use e2e::failed::Failed;
use platform::mysql::{DbError, Tx};
use sqlx::{MySql, MySqlPool, Row as _, mysql::MySqlArguments, query::Query};

use crate::{
    ground::{Ground, rows::Rows},
    order::Order,
    told::OrFailed as _,
    way::{Sale, Way},
};

const TAKE: &str = "update available_rooms set available_quantity = available_quantity - 1, version = version + 1, \
                    updated_at = utc_timestamp(6) \
                    where room_id = ? and date >= ? and date < ? and available_quantity >= 1";

pub(crate) struct OneByOne {
    pool: MySqlPool,
    rows: Rows,
}

impl OneByOne {
    pub(crate) fn new(ground: &Ground) -> Self {
        Self { pool: ground.pool.clone(), rows: ground.rows.clone() }
    }

    /// What the decision rests on; whether there is a unit left on each night.
    async fn load(&self, order: &Order) -> Result<bool, DbError> {
        let mut conn = self.pool.acquire().await?;
        let scope = "select booking_id, idempotency_hash from bookings where idempotency_scope = ?";
        sqlx::query(scope).bind(order.scope.to_vec()).fetch_optional(&mut *conn).await?;
        let hotel = "select h.*, utc_timestamp(6) from hotels_seen h where hotel_id = ?";
        sqlx::query(hotel).bind(order.room.hotel_id.uuid()).fetch_one(&mut *conn).await?;
        let room = "select * from room_stock where room_id = ?";
        sqlx::query(room).bind(order.room.room_id.uuid()).fetch_one(&mut *conn).await?;
        let holds = "select count(*) from bookings where user_id = ? and status = 'RESERVED' \
                     and hold_expires_at > utc_timestamp(6)";
        sqlx::query(holds).bind(order.user_id).fetch_one(&mut *conn).await?;
        let nights =
            "select available_quantity from available_rooms where room_id = ? and date >= ? and date < ?";
        let mut left = Vec::new();
        for row in stay(nights, order).fetch_all(&mut *conn).await? {
            left.push(row.try_get::<u32, _>(0)?);
        }
        Ok(left.len() == usize::from(order.nights) && !left.contains(&0))
    }

    async fn commit(&self, order: &Order) -> Result<Sale, DbError> {
        let mut tx = Tx::begin(&self.pool).await?;
        self.rows.booking(order).execute(tx.conn()).await?;
        let share = "select stock_version from room_stock where room_id = ? for share";
        sqlx::query(share).bind(order.room.room_id.uuid()).fetch_one(tx.conn()).await?;
        Rows::event(order).execute(tx.conn()).await?;
        if stay(TAKE, order).execute(tx.conn()).await?.rows_affected() < u64::from(order.nights) {
            tx.rollback().await?;
            return Ok(Sale::SoldOut);
        }
        tx.commit().await?;
        Ok(Sale::Booked)
    }
}

fn stay<'q>(sql: &'static str, order: &Order) -> Query<'q, MySql, MySqlArguments> {
    sqlx::query(sql).bind(order.room.room_id.uuid()).bind(order.first).bind(order.end())
}

#[async_trait]
impl Way for OneByOne {
    async fn sell(&self, order: &Order) -> Result<Sale, Failed> {
        if !self.load(order).await.or_failed()? {
            return Ok(Sale::SoldOut);
        }
        self.commit(order).await.or_failed()
    }
}
