//! C: Redis admits, the booking is inserted and committed, and what Redis has counted is written to the nights every five
//! seconds. Answered after COMMIT; but a Redis that dies forgets up to five seconds of sales, and sells them again.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use e2e::failed::Failed;
use platform::{
    mysql::{DbError, Tx},
    shutdown::Shutdown,
};
use sqlx::MySqlPool;
use tokio::task::JoinHandle;

use super::quotas::{At, Quotas, nights};
use crate::{
    ground::{Ground, rows::Rows},
    order::Order,
    told::OrFailed as _,
    way::{Sale, Way},
};

/// Takes one unit of each night, or none. What has no number has no limit.
const TAKE: &str = "local left = redis.call('mget', unpack(KEYS)) \
                    for _, units in ipairs(left) do if units and tonumber(units) < 1 then return 0 end end \
                    for at, key in ipairs(KEYS) do if left[at] then redis.call('decr', key) end end \
                    return 1";
/// Gives them back.
const GIVE_BACK: &str = "for _, key in ipairs(KEYS) do if redis.call('exists', key) == 1 then redis.call('incr', key) end end \
                         return 1";
const SYNC: Duration = Duration::from_secs(5);

pub(crate) struct Quota {
    seller: Seller,
    take: String,
    give_back: String,
    shutdown: Shutdown,
    syncs: JoinHandle<Result<(), Failed>>,
}

#[derive(Clone)]
struct Seller {
    pool: MySqlPool,
    rows: Rows,
    quotas: Quotas,
    /// Nights that were sold since they were last written.
    sold: Arc<Mutex<BTreeSet<At>>>,
}

impl Quota {
    pub(crate) async fn start(ground: &Ground) -> Result<Self, Failed> {
        let quotas = Quotas::load(ground).await?;
        let (take, give_back) = (quotas.script(TAKE).await?, quotas.script(GIVE_BACK).await?);
        let (pool, rows) = (ground.pool.clone(), ground.rows.clone());
        let seller = Seller { pool, rows, quotas, sold: Arc::default() };
        let shutdown = Shutdown::new();
        let syncs = tokio::spawn(seller.clone().sync_again_and_again(shutdown.clone()));
        Ok(Self { seller, take, give_back, shutdown, syncs })
    }
}

impl Seller {
    async fn insert(&self, order: &Order) -> Result<(), DbError> {
        let mut tx = Tx::begin(&self.pool).await?;
        self.rows.booking(order).execute(tx.conn()).await?;
        Rows::event(order).execute(tx.conn()).await?;
        tx.commit().await
    }

    async fn sync(&self) -> Result<(), Failed> {
        let sold = std::mem::take(&mut *self.sold.lock().unwrap_or_else(PoisonError::into_inner));
        self.quotas.sync(&self.pool, &sold.into_iter().collect::<Vec<_>>()).await
    }

    async fn sync_again_and_again(self, shutdown: Shutdown) -> Result<(), Failed> {
        while shutdown.unless_requested(tokio::time::sleep(SYNC)).await.is_some() {
            self.sync().await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Way for Quota {
    async fn sell(&self, order: &Order) -> Result<Sale, Failed> {
        if self.seller.quotas.call(&self.take, order, b"").await? == 0 {
            return Ok(Sale::SoldOut);
        }
        self.seller.sold.lock().unwrap_or_else(PoisonError::into_inner).extend(nights(order));
        if let Err(error) = self.seller.insert(order).await {
            self.seller.quotas.call(&self.give_back, order, b"").await?;
            return Err(error).or_failed();
        }
        Ok(Sale::Booked)
    }

    /// What was counted last is written.
    async fn finish(&self) -> Result<(), Failed> {
        self.shutdown.request();
        self.seller.sync().await
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        self.syncs.abort();
    }
}
