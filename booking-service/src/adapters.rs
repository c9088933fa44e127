//! The only place that chooses what stands behind the ports.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use booking_core::Rules;
use chrono::TimeDelta;
use events::{event_log::EventLog, kafka::Kafka, relay::Relay};
use platform::{
    app::{Job, supervise},
    clock::DbClock,
    http_client::http_client,
    ids::{Ids, SystemIds},
    mysql::{self, MySqlSettings},
    pace::Wake,
    redis,
    shutdown::Shutdown,
    start::StartError,
};
use records::archive::cassandra::CassandraArchive;
use sqlx::MySqlPool;
use tokio::task::JoinSet;

use crate::{
    api::cancellation::cancel,
    bookings::{Bookings, Effects},
    consumers::hotel_events::HotelEvents,
    jobs::{lanes, telling::Telling},
    parts::{Parts, Shared},
    prefixed_log::PrefixedLog,
    provider::http::HttpProvider,
    reads::HotelReads,
    settings::Settings,
    shards::{ShardContext, Shards},
    shares::Shares,
    store::{
        FreshFacts, Ledger,
        mysql::{MySqlLedger, MySqlStock},
    },
};

/// What the service stands on, and the jobs that belong to it.
pub struct Adapters {
    /// For handlers and jobs.
    pub shared: Shared,
    /// What carries out whatever is submitted to `shared.bookings`.
    pub shards: Vec<Job>,
    /// The relay's and the consumer's.
    pub jobs: Vec<Job>,
}

impl Adapters {
    /// Does an operator's work with the shards beside it, and nothing else of the service: on all shares, whoever else looks
    /// after them.
    pub async fn with_shards<T>(self, work: impl AsyncFnOnce(&Shared) -> T) -> T {
        self.shared.shares.take_all();
        let shutdown = Shutdown::new();
        let run = |shard| supervise(shard, shutdown.clone());
        let shards: JoinSet<()> = self.shards.into_iter().map(run).collect();
        let done = work(&self.shared).await;
        shutdown.request();
        shards.join_all().await;
        done
    }
}

/// The servers of the settings. Connects lazily: what is down now may be up later.
pub fn servers(settings: Settings) -> Result<Adapters, StartError> {
    let reads = pool(&settings.mysql)?;
    let jobs = pool(&MySqlSettings { max_connections: settings.jobs.connections, ..settings.mysql.clone() })?;
    let redis =
        redis::connect(&settings.redis).map_err(|error| StartError::failed("reading redis.url", error))?;
    let log = event_log(&settings);
    let clock = Arc::new(DbClock::new(jobs.clone()));
    let ids: Arc<dyn Ids> = Arc::new(SystemIds);
    let fresh = FreshFacts::default();
    let telling =
        Telling { pool: jobs.clone(), clock: clock.clone(), ids: ids.clone(), fresh: fresh.clone() };
    let relay = relay(&settings, &log, telling);
    let owed = Wake::default();
    let effects = Effects {
        relay: relay.wake(),
        owed: owed.clone(),
        redis: redis.clone(),
        copy: relay.owner().into(),
        hints: settings.holds.hints,
        lead: TimeDelta::milliseconds(i64::from(settings.holds.lead_ms)),
    };
    let archive = Arc::new(CassandraArchive::new(settings.cassandra.clone()));
    let rules = settings.rules().map_err(|error| StartError::failed("reading [checkout]", error))?;
    let told = (Arc::new(rules), effects);
    let Core { mailboxes, jobs: shards, ledger: quiet } = shards(&settings, ids.clone(), &told, fresh)?;
    let look: Arc<dyn Ledger> = Arc::new(MySqlLedger::new(reads.clone()));
    let bookings = Bookings::new((look, quiet), archive, ids, told, mailboxes.clone());
    let stock = HotelEvents::new(Arc::new(MySqlStock::new(jobs.clone())), relay.wake()).telling(mailboxes);
    let woken = lanes::job(&relay, &redis);
    let own =
        vec![relay.job(), relay.purge_job(), woken, stock.consumer(log, &settings.stock_consumer).job()];
    let provider = provider(&settings)?;
    let hotel_reads = hotel_reads(&settings);
    let shared = Arc::new(Parts {
        settings,
        bookings,
        reads,
        hotel_reads,
        pool: jobs,
        shares: Shares::default(),
        clock,
        provider,
        redis,
        owed,
        holds_crowd: AtomicBool::new(false),
    });
    Ok(Adapters { shared, shards, jobs: own })
}

/// A quarter of the connections, and at least one, is left to whoever has a booking: callbacks and cancellations find it there.
fn hotel_reads(settings: &Settings) -> HotelReads {
    let connections = usize::try_from(settings.mysql.max_connections).unwrap_or(usize::MAX);
    let of_all = connections.saturating_sub((connections / 4).max(1)).max(1);
    let longest_wait = Duration::from_millis(settings.mysql.acquire_timeout_ms);
    HotelReads::new(settings.core.reads_per_hotel, of_all, longest_wait)
}

fn pool(settings: &MySqlSettings) -> Result<MySqlPool, StartError> {
    mysql::connect(settings).map_err(|error| StartError::failed("reading mysql.url", error))
}

/// The shards, what runs them, and their ledger.
struct Core {
    mailboxes: Shards,
    jobs: Vec<Job>,
    ledger: Arc<dyn Ledger>,
}

/// The shards with their ledger, on connections of their own: nothing that is read beside them can keep a booking waiting.
fn shards(
    settings: &Settings,
    ids: Arc<dyn Ids>,
    (rules, effects): &(Arc<Rules>, Effects),
    fresh: FreshFacts,
) -> Result<Core, StartError> {
    let count = settings.core.shards();
    let mysql = MySqlSettings {
        max_connections: u32::from(count).saturating_mul(settings.core.connections_per_shard),
        min_connections: u32::from(count),
        lock_wait_timeout_s: settings.core.lock_wait_s,
        ..settings.mysql.clone()
    };
    let (pool, opened) =
        mysql::connect_quietly(&mysql).map_err(|error| StartError::failed("reading mysql.url", error))?;
    let ledger: Arc<dyn Ledger> = Arc::new(MySqlLedger::new(pool).keeping(fresh));
    let context = ShardContext {
        ledger: ledger.clone(),
        opened,
        rules: rules.clone(),
        body: cancel::kept_body,
        bounds: settings.bounds(),
        effects: effects.clone(),
        ids,
    };
    let (mailboxes, jobs) = Shards::new(count, &context);
    Ok(Core { mailboxes, jobs, ledger })
}

/// The handler of group `booking-stock` alone, for an operator who replays dead letters.
pub fn stock_handler(settings: &Settings) -> Result<HotelEvents, StartError> {
    let pool = pool(&settings.mysql)?;
    let clock = Arc::new(DbClock::new(pool.clone()));
    let ids: Arc<dyn Ids> = Arc::new(SystemIds);
    // Nobody runs this relay: the service's own finds the rows by its poll.
    let telling = Telling { pool: pool.clone(), clock, ids, fresh: FreshFacts::default() };
    let relay = relay(settings, &event_log(settings), telling);
    Ok(HotelEvents::new(Arc::new(MySqlStock::new(pool)), relay.wake()))
}

fn event_log(settings: &Settings) -> Arc<dyn EventLog> {
    let log = Arc::new(Kafka::new(settings.kafka.clone()));
    Arc::new(PrefixedLog { log, prefix: settings.events.prefix.clone() })
}

fn relay(settings: &Settings, log: &Arc<dyn EventLog>, telling: Telling) -> Relay {
    Relay::new("booking-service", telling.pool.clone(), log.clone(), settings.relay.clone())
        .with_source(Arc::new(telling))
}

fn provider(settings: &Settings) -> Result<Arc<HttpProvider>, StartError> {
    let timeout = Duration::from_millis(settings.provider.timeout_ms);
    let client =
        http_client(timeout).map_err(|error| StartError::failed("making the provider's client", error))?;
    Ok(Arc::new(HttpProvider::new(client, &settings.provider)))
}
