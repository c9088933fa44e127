//! The one who writes: under an exclusive lock, as many orders at once as wait.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use e2e::failed::{Failed, expect};
use platform::{mysql::Tx, shutdown::Shutdown};
use rdkafka::{
    ClientConfig, Message as _,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{CommitMode, Consumer as _, StreamConsumer},
    topic_partition_list::{Offset, TopicPartitionList},
};
use sqlx::{MySql, MySqlPool, pool::PoolConnection};

use super::{super::quotas, message};
use crate::{
    ground::{Ground, rows::Rows},
    order::Order,
    told::OrFailed as _,
};

/// Orders in a transaction at most.
const BATCH: usize = 1_000;
/// So long is waited for one more.
const LINGER: Duration = Duration::from_millis(2);
const LOCK: &str = "bench-orders";

pub(super) struct Consumer {
    log: StreamConsumer,
    admin: AdminClient<DefaultClientContext>,
    topic: String,
    pool: MySqlPool,
    /// Whose session holds the lock.
    lock: PoolConnection<MySql>,
    rows: Rows,
    stored: Arc<AtomicU64>,
}

impl Consumer {
    /// Makes the topic and takes the lock.
    pub(super) async fn start(ground: &Ground, topic: &str, stored: Arc<AtomicU64>) -> Result<Self, Failed> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &ground.kafka)
            .set("group.id", topic)
            .set("enable.auto.commit", "false");
        let admin: AdminClient<_> = config.create().or_failed()?;
        let new = NewTopic::new(topic, 1, TopicReplication::Fixed(1));
        for made in admin.create_topics([&new], &AdminOptions::new()).await.or_failed()? {
            made.map_err(|(topic, error)| Failed::new(format!("{topic}: {error}")))?;
        }
        let log: StreamConsumer = config.create().or_failed()?;
        let mut partition = TopicPartitionList::new();
        partition.add_partition_offset(topic, 0, Offset::Beginning).or_failed()?;
        log.assign(&partition).or_failed()?;
        let mut lock = ground.pool.acquire().await.or_failed()?;
        let mine: Option<i64> = sqlx::query_scalar("select get_lock(?, 10)")
            .bind(LOCK)
            .fetch_one(&mut *lock)
            .await
            .or_failed()?;
        expect(mine == Some(1), || "another consumer holds the lock".to_owned())?;
        let (pool, rows, topic) = (ground.pool.clone(), ground.rows.clone(), topic.to_owned());
        Ok(Self { log, admin, topic, pool, lock, rows, stored })
    }

    pub(super) async fn run(mut self, shutdown: Shutdown) -> Result<(), Failed> {
        while !shutdown.is_requested() {
            let orders = self.next().await?;
            if orders.is_empty() {
                continue;
            }
            self.store(&orders).await?;
            self.log.commit_consumer_state(CommitMode::Async).or_failed()?;
            self.stored.fetch_add(u64::try_from(orders.len()).unwrap_or(0), Ordering::Relaxed);
        }
        sqlx::query("do release_lock(?)").bind(LOCK).execute(&mut *self.lock).await.or_failed()?;
        self.admin.delete_topics(&[&self.topic], &AdminOptions::new()).await.or_failed()?;
        Ok(())
    }

    /// What waits; nothing if nothing does.
    async fn next(&self) -> Result<Vec<Order>, Failed> {
        let mut orders = Vec::new();
        while orders.len() < BATCH
            && let Ok(next) = tokio::time::timeout(LINGER, self.log.recv()).await
        {
            orders.push(message::read(next.or_failed()?.payload().unwrap_or_default())?);
        }
        Ok(orders)
    }

    async fn store(&self, orders: &[Order]) -> Result<(), Failed> {
        let mut taken: BTreeMap<quotas::At, u32> = BTreeMap::new();
        for at in orders.iter().flat_map(quotas::nights) {
            *taken.entry(at).or_default() += 1;
        }
        let mut tx = Tx::begin(&self.pool).await.or_failed()?;
        self.rows.bookings(orders).build().persistent(false).execute(tx.conn()).await.or_failed()?;
        Rows::events(orders).build().persistent(false).execute(tx.conn()).await.or_failed()?;
        quotas::set(tx.conn(), "n.available_quantity - v.number", taken).await?;
        tx.commit().await.or_failed()
    }
}
