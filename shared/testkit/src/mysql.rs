//! Migrated databases from a pool on the test servers, one test each at a time.

use std::time::Duration;

use migrations::MigrationError;
use sqlx::{
    AssertSqlSafe, Connection, Executor, MySqlConnection, MySqlPool,
    migrate::Migrator,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
};

use crate::stack;

/// How many databases of a kind there are: more than tests that run at once.
const DATABASES: u8 = 16;

/// How long a test waits for a database, in tries of a second each.
const TRIES: u32 = 180;

/// Tables that keep their rows: seeds of the migrations.
const KEPT: &[&str] = &["_sqlx_migrations", "facilities", "outbox_lanes", "dev_clock"];

/// A migrated, empty database that is this test's alone until it is dropped.
#[derive(Debug)]
pub struct Lease {
    /// Sessions as the services have them: READ COMMITTED, UTC, 2 s for a lock.
    pub pool: MySqlPool,
    /// `mysql://user:password@host:port/database`.
    pub url: String,
    /// The database's name.
    pub database: String,
    // Holds the lock of the lease.
    _guard: MySqlConnection,
}

/// A session of a database, as the server lists it.
#[derive(Debug, sqlx::FromRow)]
#[sqlx(rename_all = "PascalCase")]
pub struct Session {
    /// The connection's id.
    pub id: i64,
    #[sqlx(rename = "db")]
    db: Option<String>,
    /// `Sleep` between statements, else what it runs: `Query`, `Execute`.
    pub command: String,
    /// What its statement is at: `updating` when it changes a row, or wants to.
    pub state: Option<String>,
    info: Option<Vec<u8>>,
}

impl Session {
    /// The session's statement begins and ends with these texts.
    #[must_use]
    pub fn runs(&self, begins: &str, ends: &str) -> bool {
        let runs = |info: &Vec<u8>| info.starts_with(begins.as_bytes()) && info.ends_with(ends.as_bytes());
        self.info.as_ref().is_some_and(runs)
    }
}

impl Lease {
    /// The sessions of this database. They are picked here, not by the server: it refuses to compare their statements, which
    /// hold bytes (error 3854, from `information_schema.processlist` and `innodb_trx` alike).
    pub async fn sessions(&self) -> Vec<Session> {
        let all = sqlx::query_as("show full processlist").fetch_all(&self.pool).await;
        let all: Vec<Session> = all.expect("the server lists its sessions");
        all.into_iter().filter(|session| session.db.as_ref() == Some(&self.database)).collect()
    }

    /// Runs statements of a test, for crates that have no driver of their own. Literals only.
    pub async fn execute(&self, sql: impl Into<String>) {
        let done = sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(&self.pool).await;
        done.expect("the statements of the test run");
    }

    /// The number that a query gives.
    pub async fn number(&self, sql: impl Into<String>) -> i64 {
        let found = sqlx::query_scalar(AssertSqlSafe(sql.into())).fetch_one(&self.pool).await;
        found.expect("the query of the test gives a number")
    }

    /// The address for another user of this database, who is made with these rights: `select on {db}.*`.
    pub async fn as_user(&self, name: &str, rights: &[&str]) -> String {
        self.execute(format!("create user if not exists '{name}'@'%' identified by '{name}'")).await;
        for right in rights {
            let right = right.replace("{db}", &self.database);
            self.execute(format!("grant {right} to '{name}'@'%'")).await;
        }
        let (_, server) = self.url.rsplit_once('@').expect("the address has a user");
        format!("mysql://{name}:{name}@{server}")
    }
}

/// A lease of a hotel database.
pub async fn hotel() -> Lease {
    lease("hotel", &stack::mysql_hotel_url(), migrations::hotel).await
}

/// A lease of a booking database.
pub async fn booking() -> Lease {
    lease("booking", &stack::mysql_booking_url(), migrations::booking).await
}

/// A lease of a notification database.
pub async fn notification() -> Lease {
    lease("notification", &stack::mysql_notification_url(), migrations::notification).await
}

async fn lease(kind: &str, server: &str, migrator: fn() -> Migrator) -> Lease {
    let mut guard = MySqlConnection::connect(server).await.unwrap_or_else(|error| {
        panic!("no MySQL at {server} (cargo xtask stack up --instance test): {error}")
    });
    let database = take(&mut guard, kind).await;
    let url = with_database(server, &database);
    make(&mut guard, &database).await;
    let pool = connect(&url);
    migrate(&mut guard, &pool, &database, migrator).await;
    empty(&pool, &database).await;
    Lease { pool, url, database, _guard: guard }
}

fn with_database(server: &str, database: &str) -> String {
    let (address, _) = server.rsplit_once('/').expect("a MySQL address names a database");
    format!("{address}/{database}")
}

/// The first name whose lock is free.
async fn take(guard: &mut MySqlConnection, kind: &str) -> String {
    guard.execute("set session wait_timeout = 28800").await.expect("the session is set up");
    let word = stack::word();
    for _ in 0..TRIES {
        for number in 0..DATABASES {
            let database = format!("vacancy_{word}_{kind}_{number}");
            if lock(guard, &database, 0).await {
                return database;
            }
        }
        let database = format!("vacancy_{word}_{kind}_{}", rand::random::<u8>() % DATABASES);
        if lock(guard, &database, 1).await {
            return database;
        }
    }
    panic!("all {DATABASES} {kind} databases stayed leased");
}

async fn lock(guard: &mut MySqlConnection, database: &str, seconds: u32) -> bool {
    let taken: Option<i64> = sqlx::query_scalar("select get_lock(?, ?)")
        .bind(database)
        .bind(seconds)
        .fetch_one(guard)
        .await
        .expect("get_lock answers");
    taken == Some(1)
}

async fn make(guard: &mut MySqlConnection, database: &str) {
    let sql =
        format!("create database if not exists {database} character set utf8mb4 collate utf8mb4_0900_bin");
    guard.execute(AssertSqlSafe(sql)).await.expect("a database can be made");
}

/// A database migrated by another version of the migrations is made anew.
async fn migrate(guard: &mut MySqlConnection, pool: &MySqlPool, database: &str, migrator: fn() -> Migrator) {
    let Err(error) = migrations::run(pool, migrator()).await else { return };
    assert!(matches!(error, MigrationError::Failed(_)), "{database} cannot be migrated: {error:?}");
    guard.execute(AssertSqlSafe(format!("drop database {database}"))).await.expect("it can be dropped");
    make(guard, database).await;
    pool.set_connect_options(pool.connect_options().as_ref().clone());
    migrations::run(pool, migrator()).await.expect("an empty database can be migrated");
}

fn connect(url: &str) -> MySqlPool {
    let options: MySqlConnectOptions = url.parse().expect("a MySQL address");
    MySqlPoolOptions::new()
        .max_connections(12)
        .acquire_timeout(Duration::from_secs(20))
        .after_connect(|conn, _| {
            Box::pin(async move {
                conn.execute(
                    "set session transaction isolation level read committed; \
                     set session innodb_lock_wait_timeout = 2, session lock_wait_timeout = 20",
                )
                .await
                .map(|_| ())
            })
        })
        .connect_lazy_with(options)
}

async fn empty(pool: &MySqlPool, database: &str) {
    let mut conn = pool.acquire().await.expect("the leased database answers");
    let tables: Vec<String> = sqlx::query_scalar(
        "select cast(table_name as char) from information_schema.tables \
         where table_schema = ? and table_type = 'BASE TABLE'",
    )
    .bind(database)
    .fetch_all(&mut *conn)
    .await
    .expect("tables are listed");
    let mut sql = String::from("set foreign_key_checks = 0;");
    for table in tables.iter().filter(|table| !KEPT.contains(&table.as_str())) {
        sql.extend(["delete from ", table, ";"]);
    }
    if tables.iter().any(|table| table == "outbox_lanes") {
        sql.push_str("update outbox_lanes set owner = null, lease_until = null, published_below = 0;");
    }
    if tables.iter().any(|table| table == "dev_clock") {
        sql.push_str("update dev_clock set offset_us = 0;");
    }
    sql.push_str("set foreign_key_checks = 1");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *conn).await.expect("the leased database can be emptied");
}
