//! A: lock and read the nights, look whether they are free, insert, update, commit.

use async_trait::async_trait;
use e2e::failed::Failed;
use platform::mysql::{DbError, Tx};
use sqlx::MySqlPool;

use crate::{
    ground::{Ground, rows::Rows},
    order::Order,
    told::OrFailed as _,
    way::{Sale, Way},
};

const NIGHTS: &str = "select available_quantity from available_rooms where room_id = ? and date >= ? and date < ? \
                      order by date for update";
const TAKE: &str = "update available_rooms set available_quantity = available_quantity - 1, version = version + 1, \
                    updated_at = utc_timestamp(6) where room_id = ? and date >= ? and date < ?";

pub(crate) struct Naive {
    pool: MySqlPool,
    rows: Rows,
}

impl Naive {
    pub(crate) fn new(ground: &Ground) -> Self {
        Self { pool: ground.pool.clone(), rows: ground.rows.clone() }
    }

    async fn transact(&self, order: &Order) -> Result<Sale, DbError> {
        let (room, first, end) = (order.room.room_id.uuid(), order.first, order.end());
        let mut tx = Tx::begin(&self.pool).await?;
        let nights: Vec<u32> =
            sqlx::query_scalar(NIGHTS).bind(room).bind(first).bind(end).fetch_all(tx.conn()).await?;
        if nights.len() < usize::from(order.nights) || nights.contains(&0) {
            tx.rollback().await?;
            return Ok(Sale::SoldOut);
        }
        self.rows.booking(order).execute(tx.conn()).await?;
        sqlx::query(TAKE).bind(room).bind(first).bind(end).execute(tx.conn()).await?;
        Rows::event(order).execute(tx.conn()).await?;
        tx.commit().await?;
        Ok(Sale::Booked)
    }
}

#[async_trait]
impl Way for Naive {
    async fn sell(&self, order: &Order) -> Result<Sale, Failed> {
        self.transact(order).await.or_failed()
    }
}
