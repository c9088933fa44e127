//! What the ways are compared on: a database of its own on the real server, with the product's schema and settings.

mod durability;
mod house;
pub(crate) mod rows;
mod tables;
mod totals;

use std::time::Duration;

use chrono::NaiveDate;
use clap::Args;
use e2e::{failed::Failed, world::World};
use platform::{
    mysql::{self, MySqlSettings},
    redis::{self, Redis, RedisSettings},
};
use sqlx::{AssertSqlSafe, MySqlPool};

use self::rows::Rows;
use crate::{order::Room, scene::Scene, told::OrFailed as _};

pub(crate) use totals::Totals;

/// Connections of a way: as many as the server's cores can use, and no more.
const CONNECTIONS: u32 = 64;
/// Of thousands of clients most wait for one.
const PATIENCE: Duration = Duration::from_mins(5);
/// Of Redis, so that nobody listens to what expires there.
const REDIS_DATABASE: u8 = 63;

/// The servers to measure on, if not those of the instance.
#[derive(Debug, Clone, Args)]
pub(crate) struct Servers {
    /// MySQL, without a database.
    #[arg(long, help_heading = "Servers")]
    mysql: Option<String>,
    #[arg(long, help_heading = "Servers")]
    redis: Option<String>,
    /// Kafka's brokers.
    #[arg(long, help_heading = "Servers")]
    kafka: Option<String>,
    /// The database for the comparison: dropped before and after.
    #[arg(long, help_heading = "Servers", default_value = "bench")]
    database: String,
    /// Go on where MySQL does not sync each commit. Such figures say nothing.
    #[arg(long, help_heading = "Servers")]
    relaxed: bool,
}

/// A database with the product's schema, and what the ways share.
pub(crate) struct Ground {
    pub(crate) pool: MySqlPool,
    pub(crate) url: String,
    pub(crate) redis: Redis,
    pub(crate) redis_url: String,
    pub(crate) kafka: String,
    /// What MySQL promises when it says that it has committed.
    pub(crate) durability: String,
    pub(crate) rows: Rows,
    /// Those of the scene that was set last.
    pub(crate) rooms: Vec<Room>,
    /// The first night on sale.
    pub(crate) first: NaiveDate,
    emptied: Vec<String>,
    /// The page cache that the server had.
    pool_bytes: Option<u64>,
    database: String,
}

impl Servers {
    /// These, which need not be durable.
    #[cfg(test)]
    pub(crate) fn at(mysql: String, redis: String, kafka: String, database: String) -> Self {
        Self { mysql: Some(mysql), redis: Some(redis), kafka: Some(kafka), database, relaxed: true }
    }

    /// What was said, else what the instance has.
    fn address(said: Option<&String>, endpoints: Option<&World>, key: &str) -> Result<String, Failed> {
        match (said, endpoints) {
            (Some(said), _) => Ok(said.clone()),
            (None, Some(world)) => world.server(key).map(str::to_owned),
            (None, None) => Err(Failed::new(
                "no instance runs: `cargo xtask bench` starts one, or say where the servers are",
            )),
        }
    }
}

impl Ground {
    /// Makes the database anew.
    pub(crate) async fn make(servers: &Servers, world: Option<&World>) -> Result<Self, Failed> {
        let address = |said: &Option<String>, key| Servers::address(said.as_ref(), world, key);
        let server = address(&servers.mysql, "mysql_booking_url")?;
        let server = server.trim_end_matches("/booking").trim_end_matches('/');
        let (database, url) = (servers.database.clone(), format!("{server}/{}", servers.database));
        let durability = durability::of(&connect(&format!("{server}/mysql"))?, servers.relaxed).await?;
        remake(&format!("{server}/mysql"), &database).await?;
        let pool = connect(&url)?;
        migrations::run(&pool, migrations::booking()).await.or_failed()?;
        sqlx::raw_sql(OUTBOX).execute(&pool).await.or_failed()?;
        let redis_url =
            format!("{}/{REDIS_DATABASE}", address(&servers.redis, "redis_url")?.trim_end_matches('/'));
        let redis = redis::connect(&RedisSettings::at(redis_url.clone()).or_failed()?).or_failed()?;
        let kafka = address(&servers.kafka, "kafka_brokers")?;
        let emptied = tables::emptied(&pool).await?;
        tables::numbers(&pool).await?;
        let (rows, first) = house::model(&pool).await?;
        Ok(Self {
            pool,
            url,
            redis,
            redis_url,
            kafka,
            durability,
            rows,
            rooms: Vec::new(),
            first,
            emptied,
            pool_bytes: None,
            database,
        })
    }

    /// Empties Redis and all tables, and puts the scene's rooms and nights there.
    pub(crate) async fn set(&mut self, scene: &Scene) -> Result<(), Failed> {
        flush(&self.redis_url).await?;
        tables::set(&self.pool, &self.emptied, scene, self.first).await?;
        self.rooms = house::rooms(&self.pool).await?;
        Ok(())
    }

    /// What another has made, as it is now.
    pub(crate) async fn join(servers: &Servers) -> Result<Self, Failed> {
        let address = |said: &Option<String>| Servers::address(said.as_ref(), None, "");
        let (url, redis_url) =
            (format!("{}/{}", address(&servers.mysql)?, servers.database), address(&servers.redis)?);
        let pool = connect(&url)?;
        let (rows, first) = house::made(&pool).await?;
        let redis = redis::connect(&RedisSettings::at(redis_url.clone()).or_failed()?).or_failed()?;
        let (kafka, rooms) = (address(&servers.kafka)?, house::rooms(&pool).await?);
        let (durability, emptied, database) = (String::new(), Vec::new(), servers.database.clone());
        Ok(Self {
            pool,
            url,
            redis,
            redis_url,
            kafka,
            durability,
            rows,
            rooms,
            first,
            emptied,
            pool_bytes: None,
            database,
        })
    }

    /// How another process is told to join.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let server = self.url.trim_end_matches(&format!("/{}", self.database)).to_owned();
        let said = [
            ("mysql", server),
            ("redis", self.redis_url.clone()),
            ("kafka", self.kafka.clone()),
            ("database", self.database.clone()),
        ];
        said.into_iter().flat_map(|(name, value)| [format!("--{name}"), value]).collect()
    }

    /// Gives MySQL a page cache of so many MiB until this ends, and tells so.
    pub(crate) async fn set_pool(&mut self, mib: u64) -> Result<(), Failed> {
        let size = "select cast(@@innodb_buffer_pool_size as unsigned)";
        self.pool_bytes = Some(sqlx::query_scalar(size).fetch_one(&self.pool).await.or_failed()?);
        set_pool(&self.pool, mib << 20).await?;
        self.durability = durability::of(&self.pool, true).await?;
        Ok(())
    }

    /// What the tables say of what was sold.
    pub(crate) async fn totals(&self) -> Result<Totals, Failed> {
        totals::read(&self.pool).await
    }

    /// Drops the database, and leaves the server as it was.
    pub(crate) async fn gone(self) -> Result<(), Failed> {
        if let Some(bytes) = self.pool_bytes {
            set_pool(&self.pool, bytes).await?;
        }
        let sql = format!("drop database if exists `{}`", self.database);
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&self.pool).await.or_failed()?;
        self.pool.close().await;
        Ok(())
    }
}

/// What the running product's own server promises; refused where it forgets commits, unless that is said to be fine.
pub(crate) async fn durability(world: &World, servers: &Servers) -> Result<String, Failed> {
    let pool = connect(world.server("mysql_booking_url")?)?;
    let told = durability::of(&pool, servers.relaxed).await;
    pool.close().await;
    told
}

/// As design of the outbox has it: a row of what has happened, without facts.
const OUTBOX: &str = "create table baseline_outbox (outbox_id bigint unsigned not null auto_increment, \
                      lane tinyint unsigned not null, records int unsigned not null, entries mediumblob not null, \
                      created_at datetime(6) not null, published_at datetime(6) null, primary key (outbox_id), \
                      key by_lane (lane, published_at, outbox_id))";

/// A pool with the sessions that our services have.
fn connect(url: &str) -> Result<MySqlPool, Failed> {
    let settings = MySqlSettings {
        max_connections: CONNECTIONS,
        acquire_timeout_ms: u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX),
        // A hot room's queue is long, and emptying a table takes its time.
        lock_wait_timeout_s: 120,
        wait_timeout_s: 600,
        max_execution_ms: 0,
        ..MySqlSettings::at(url).or_failed()?
    };
    Ok(mysql::connect_quietly(&settings).or_failed()?.0)
}

async fn set_pool(pool: &MySqlPool, bytes: u64) -> Result<(), Failed> {
    let sql = format!("set global innodb_buffer_pool_size = {bytes}");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.or_failed().map(drop)
}

/// Holds' hints and quotas of the round before.
async fn flush(url: &str) -> Result<(), Failed> {
    let client = ::redis::Client::open(url).or_failed()?;
    let mut connection = client.get_multiplexed_async_connection().await.or_failed()?;
    ::redis::cmd("FLUSHDB").exec_async(&mut connection).await.or_failed()
}

async fn remake(url: &str, database: &str) -> Result<(), Failed> {
    let named = database.chars().all(|one| one.is_ascii_alphanumeric() || one == '_');
    e2e::failed::expect(named && database != "booking", || format!("no name for a database: {database}"))?;
    let sql = format!("drop database if exists `{database}`; create database `{database}`");
    let pool = connect(url)?;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pool).await.or_failed()?;
    pool.close().await;
    Ok(())
}
