//! What a test needs of the servers: a database and topics of its own, gone afterwards.

use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use events::{
    event_log::EventLog,
    kafka::{Kafka, KafkaSettings},
    topics::{self, TopicSpec},
};
use platform::{
    job::Job,
    mysql::{self, MySqlSettings},
    shutdown::Shutdown,
};
use sqlx::{AssertSqlSafe, MySqlPool};

const OUTBOX: [&str; 6] = [
    "create table outbox (outbox_id bigint unsigned auto_increment primary key, lane tinyint unsigned not null, \
     records int unsigned not null, entries mediumblob not null, \
     bytes int unsigned generated always as (octet_length(entries)) stored, created_at datetime(6) not null, \
     published_at datetime(6) null, key (lane, published_at, outbox_id, records, bytes))",
    "create table outbox_broken (outbox_id bigint unsigned not null, place int unsigned not null, \
     lane tinyint unsigned not null, entry mediumblob not null, why varchar(64) not null, found_at datetime(6) not null, \
     primary key (outbox_id, place))",
    "create table outbox_lanes (lane tinyint unsigned primary key, owner varchar(64) null, lease_until datetime(6) null, \
     published_below bigint unsigned not null default 0)",
    "create table outbox_relays (owner varchar(64) primary key, joined_at datetime(6) not null, \
     alive_until datetime(6) not null)",
    "create table outbox_parted (lane tinyint unsigned not null, owner varchar(64) not null, \
     back_at datetime(6) not null, primary key (lane, owner))",
    "create table inbox (consumer_group varchar(64) not null, event_id binary(16) not null, \
     handled_at datetime(6) not null, primary key (consumer_group, event_id), key (handled_at))",
];

pub(crate) fn env(name: &str, default: &str) -> String {
    std::env::var(format!("VACANCY_STACK_{name}")).unwrap_or_else(|_| default.to_owned())
}

pub(crate) fn unique(what: &str) -> String {
    format!("t_events_{what}_{:016x}", rand::random::<u64>())
}

pub(crate) fn brokers() -> String {
    env("KAFKA_BROKERS", "127.0.0.1:22092")
}

/// One handle, so that one producer, for all tests.
pub(crate) fn kafka() -> Kafka {
    static KAFKA: LazyLock<Kafka> = LazyLock::new(|| Kafka::new(KafkaSettings::at(brokers()).unwrap()));
    KAFKA.clone()
}

pub(crate) fn log() -> Arc<dyn EventLog> {
    Arc::new(kafka())
}

/// A database of the test's own.
pub(crate) struct Database {
    pub(crate) pool: MySqlPool,
    server: MySqlPool,
    name: String,
}

impl Database {
    pub(crate) async fn create() -> Self {
        let url = env("MYSQL_HOTEL_URL", "mysql://vacancy:vacancy-dev@127.0.0.1:22306/hotel");
        let server = mysql::connect(&MySqlSettings::at(url.as_str()).unwrap()).unwrap();
        let name = unique("db");
        sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&server).await.unwrap();
        let base = url.rsplit_once('/').unwrap().0;
        let pool = mysql::connect(&MySqlSettings::at(format!("{base}/{name}")).unwrap()).unwrap();
        for table in OUTBOX {
            sqlx::query(table).execute(&pool).await.unwrap();
        }
        Self { pool, server, name }
    }

    pub(crate) async fn drop(self) {
        self.pool.close().await;
        sqlx::query(AssertSqlSafe(format!("drop database {}", self.name)))
            .execute(&self.server)
            .await
            .unwrap();
    }
}

/// A topic of the test's own, with its dead letters.
pub(crate) async fn topic(partitions: u32) -> String {
    let name = unique("topic");
    let specs = [TopicSpec::new(&name, partitions), TopicSpec::dead_letters_of(&name)];
    topics::ensure(&kafka(), &specs).await.unwrap();
    name
}

pub(crate) async fn drop_topic(name: &str) {
    topics::delete(&kafka(), &[name, &format!("{name}.dlq")]).await.unwrap();
}

/// Jobs that run until the test ends them.
pub(crate) struct Running {
    shutdown: Shutdown,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(jobs: Vec<Job>) -> Self {
        let shutdown = Shutdown::new();
        let run = |job: Job| {
            let shutdown = shutdown.clone();
            tokio::spawn(async move { job.run(shutdown).await.unwrap() })
        };
        let tasks = jobs.into_iter().map(run).collect();
        Self { shutdown, tasks }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.request();
        for task in self.tasks {
            task.await.unwrap();
        }
    }

    /// As a process that dies: nothing is given back.
    pub(crate) fn kill(self) {
        for task in self.tasks {
            task.abort();
        }
    }
}

/// Waits until the condition holds; fails after a minute.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds().await {
        assert!(Instant::now() < deadline, "not within a minute: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
