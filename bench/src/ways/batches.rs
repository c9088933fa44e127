//! Ours: the shards of booking-service on its own ledger, as the service runs them.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use booking_core::{
    Created, Outcome, Refusal, Task, Work,
    shard::{Answer, Bounds, Class},
};
use booking_service::{
    bookings::{Effects, hints::HoldHints},
    shards::{ShardContext, Shards, shards_of_this_machine},
    store::mysql::MySqlLedger,
};
use chrono::TimeDelta;
use e2e::failed::Failed;
use platform::{
    app::supervise,
    ids::SystemIds,
    mysql::{self, MySqlSettings},
    pace::Wake,
    shutdown::Shutdown,
};
use tokio::task::JoinSet;

use crate::{
    ground::Ground,
    order::Order,
    request::{Requests, rules},
    told::OrFailed as _,
    way::{Sale, Way},
};

/// As the service has it.
const CONNECTIONS_PER_SHARD: u32 = 3;
/// More than the bench has clients, who would else be told to come again.
const WAITING: usize = 16_384;

pub(crate) struct Batches {
    shards: Shards,
    requests: Requests,
    shutdown: Shutdown,
    runs: Mutex<JoinSet<()>>,
}

impl Batches {
    /// New shards: they remember nothing of the round before.
    pub(crate) fn start(ground: &Ground) -> Result<Self, Failed> {
        let count = shards_of_this_machine();
        let (pool, opened) = mysql::connect_quietly(&connections(ground, count)?).or_failed()?;
        let context = ShardContext {
            ledger: Arc::new(MySqlLedger::new(pool)),
            opened,
            rules: Arc::new(rules()?),
            body: |_, _| Vec::new(),
            bounds: Bounds { book_waiting: WAITING, ..Bounds::default() },
            effects: Effects {
                relay: Wake::default(),
                owed: Wake::default(),
                redis: ground.redis.clone(),
                copy: "bench".into(),
                hints: HoldHints::Keyspace,
                lead: TimeDelta::seconds(3),
            },
            ids: Arc::new(SystemIds),
        };
        let (shards, jobs) = Shards::new(count, &context);
        let shutdown = Shutdown::new();
        let runs = jobs.into_iter().map(|job| supervise(job, shutdown.clone())).collect();
        Ok(Self { shards, requests: Requests::new()?, shutdown, runs: Mutex::new(runs) })
    }

    async fn submit(&self, order: &Order) -> Result<Answer, Failed> {
        let request = Box::new(self.requests.of(order)?);
        let work = Work { hotel_id: order.room.hotel_id, task: Task::Book(request, order.booking_id) };
        Ok(self.shards.submit(Class::Book, work).await)
    }
}

fn connections(ground: &Ground, shards: u8) -> Result<MySqlSettings, Failed> {
    Ok(MySqlSettings {
        max_connections: u32::from(shards).saturating_mul(CONNECTIONS_PER_SHARD),
        min_connections: u32::from(shards),
        lock_wait_timeout_s: 1,
        ..MySqlSettings::at(ground.url.clone()).or_failed()?
    })
}

#[async_trait]
impl Way for Batches {
    async fn sell(&self, order: &Order) -> Result<Sale, Failed> {
        match self.submit(order).await? {
            Answer::Outcome(Outcome::Created(Created::New(_))) => Ok(Sale::Booked),
            Answer::Outcome(Outcome::Refused(Refusal::SoldOut(_))) => Ok(Sale::SoldOut),
            Answer::Overloaded => Ok(Sale::Later),
            other @ (Answer::Outcome(_) | Answer::InProgress | Answer::Unavailable | Answer::Failed) => {
                Err(Failed::new(format!("no booking: {other:?}")))
            }
        }
    }

    async fn finish(&self) -> Result<(), Failed> {
        self.shutdown.request();
        let runs = std::mem::take(&mut *self.runs.lock().unwrap_or_else(PoisonError::into_inner));
        runs.join_all().await;
        Ok(())
    }
}
