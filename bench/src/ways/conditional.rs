//! B: insert first; the nights are taken last, by one update under their guard, so that their lock is held shortest.

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

const TAKE: &str = "update available_rooms set available_quantity = available_quantity - 1, version = version + 1, \
                    updated_at = utc_timestamp(6) \
                    where room_id = ? and date >= ? and date < ? and available_quantity >= 1";

pub(crate) struct Conditional {
    pool: MySqlPool,
    rows: Rows,
}

impl Conditional {
    pub(crate) fn new(ground: &Ground) -> Self {
        Self { pool: ground.pool.clone(), rows: ground.rows.clone() }
    }

    async fn transact(&self, order: &Order) -> Result<Sale, DbError> {
        let mut tx = Tx::begin(&self.pool).await?;
        self.rows.booking(order).execute(tx.conn()).await?;
        Rows::event(order).execute(tx.conn()).await?;
        let take = sqlx::query(TAKE).bind(order.room.room_id.uuid()).bind(order.first).bind(order.end());
        if take.execute(tx.conn()).await?.rows_affected() < u64::from(order.nights) {
            tx.rollback().await?;
            return Ok(Sale::SoldOut);
        }
        tx.commit().await?;
        Ok(Sale::Booked)
    }
}

#[async_trait]
impl Way for Conditional {
    async fn sell(&self, order: &Order) -> Result<Sale, Failed> {
        self.transact(order).await.or_failed()
    }
}
