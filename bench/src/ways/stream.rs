//! D: Redis admits, counts the order and appends it to a stream, and that is the answer: **before anything is durable**. A
//! forwarder carries the stream into a Kafka partition; one consumer under an exclusive lock writes what it reads there into
//! MySQL, many at once. Whoever kills Redis loses bookings that were acknowledged.

mod consumer;
mod forwarder;
mod message;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use e2e::failed::{Failed, expect};
use platform::shutdown::Shutdown;
use tokio::task::JoinSet;

use super::quotas::Quotas;
use crate::{
    ground::Ground,
    order::Order,
    told::OrFailed as _,
    way::{Sale, Way},
};

/// Takes one unit of each night, numbers the order and appends it, or does nothing.
const TAKE: &str = "local left = redis.call('mget', unpack(KEYS)) \
                    for _, units in ipairs(left) do if units and tonumber(units) < 1 then return 0 end end \
                    for at, key in ipairs(KEYS) do if left[at] then redis.call('decr', key) end end \
                    local number = redis.call('incr', 'orders') \
                    redis.call('xadd', 'stream', '*', 'n', number, 'order', ARGV[1]) \
                    return number";
/// So long is waited for what was acknowledged to be stored.
const DRAIN: Duration = Duration::from_mins(20);

pub(crate) struct Stream {
    quotas: Quotas,
    take: String,
    facts: Vec<u8>,
    accepted: AtomicU64,
    stored: Arc<AtomicU64>,
    shutdown: Shutdown,
    tasks: tokio::sync::Mutex<JoinSet<Result<(), Failed>>>,
}

impl Stream {
    pub(crate) async fn start(ground: &Ground) -> Result<Self, Failed> {
        let quotas = Quotas::load(ground).await?;
        let take = quotas.script(TAKE).await?;
        let (stored, shutdown) = (Arc::new(AtomicU64::new(0)), Shutdown::new());
        let topic = format!("bench-orders-{}", rand::random::<u32>());
        let mut tasks = JoinSet::new();
        let consumer = consumer::Consumer::start(ground, &topic, stored.clone()).await?;
        tasks.spawn(consumer.run(shutdown.clone()));
        tasks.spawn(forwarder::Forwarder::start(ground, topic).await?.run(shutdown.clone()));
        let (facts, accepted) = (ground.rows.facts().to_vec(), AtomicU64::new(0));
        Ok(Self { quotas, take, facts, accepted, stored, shutdown, tasks: tokio::sync::Mutex::new(tasks) })
    }
}

#[async_trait]
impl Way for Stream {
    async fn sell(&self, order: &Order) -> Result<Sale, Failed> {
        let number = self.quotas.call(&self.take, order, &message::write(order, &self.facts)?).await?;
        if number == 0 {
            return Ok(Sale::SoldOut);
        }
        self.accepted.fetch_add(1, Ordering::Relaxed);
        Ok(Sale::Booked)
    }

    /// Waits until all that was acknowledged is stored.
    async fn finish(&self) -> Result<(), Failed> {
        let end = Instant::now() + DRAIN;
        let accepted = self.accepted.load(Ordering::Relaxed);
        let mut tasks = self.tasks.lock().await;
        while self.stored.load(Ordering::Relaxed) < accepted {
            if let Some(ended) = tasks.try_join_next() {
                ended.or_failed()??;
                return Err(Failed::new("a part of D ended before its orders did"));
            }
            expect(Instant::now() < end, || format!("{accepted} acknowledged, {:?} stored", self.stored))?;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.shutdown.request();
        while let Some(ended) = tasks.join_next().await {
            ended.or_failed()??;
        }
        Ok(())
    }
}
