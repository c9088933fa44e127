//! MySQL: pools with the sessions we promise, what its errors mean, and units of work that are run again.

mod durability;
mod error;
mod list;
mod packet;
mod probe;
mod retry;
mod text;
mod tx;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde::Deserialize;
use sqlx::{
    ConnectOptions as _, Connection, Executor, MySqlConnection, MySqlPool,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
};

use crate::settings::{Secret, SettingProblems, Value, section};

pub use durability::durability_probe;
pub use error::{DbError, classify, is_transient};
pub use list::{padded, push_list};
pub use packet::{Packet, PacketTx, Reading, Reply};
pub use probe::probe;
pub use retry::{RetrySettings, Transient, retry_unit};
pub use text::{Literal, Text};
pub use tx::Tx;

/// How to reach a MySQL database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained where its default stands")]
pub struct MySqlSettings {
    pub url: Secret,
    pub max_connections: u32,
    pub min_connections: u32,
    pub acquire_timeout_ms: u64,
    pub lock_wait_timeout_s: u32,
    pub wait_timeout_s: u32,
    pub max_execution_ms: u64,
}

impl MySqlSettings {
    /// The kit's section `mysql` with an address: for tools and tests.
    pub fn at(url: impl Into<String>) -> Result<Self, SettingProblems> {
        section("mysql", [("url", Value::String(url.into()))])
    }
}

/// A pool whose sessions are READ COMMITTED, UTC, and give up on locks and on silent clients. It does not wait for the server.
pub fn connect(settings: &MySqlSettings) -> Result<MySqlPool, sqlx::Error> {
    Ok(pool(settings, settings.url.expose().parse()?, Opened::default()))
}

/// The same for statements of [`Text`], which say what people wrote: they stand in no log, however slow they are.
/// Also tells how often a connection was opened.
pub fn connect_quietly(settings: &MySqlSettings) -> Result<(MySqlPool, Opened), sqlx::Error> {
    let options: MySqlConnectOptions = settings.url.expose().parse()?;
    let opened = Opened::default();
    Ok((pool(settings, options.disable_statement_logging(), opened.clone()), opened))
}

/// How many connections a pool has opened: behind another one may be another server.
#[derive(Debug, Clone, Default)]
pub struct Opened(Arc<AtomicU64>);

impl Opened {
    /// So many until now.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

fn pool(settings: &MySqlSettings, options: MySqlConnectOptions, opened: Opened) -> MySqlPool {
    let session = session_sql(settings);
    // The server ends a session after `wait_timeout`; a connection idle for half of that is checked before it is handed out.
    let doubtful = Duration::from_secs(u64::from(settings.wait_timeout_s)) / 2;
    let pool = MySqlPoolOptions::new()
        .max_connections(settings.max_connections)
        .min_connections(settings.min_connections)
        .acquire_timeout(Duration::from_millis(settings.acquire_timeout_ms))
        .test_before_acquire(false)
        .before_acquire(move |conn, meta| {
            Box::pin(async move { if meta.idle_for < doubtful { Ok(true) } else { Ok(answers(conn).await) } })
        })
        .after_connect(move |conn, _| {
            let session = session.clone();
            opened.0.fetch_add(1, Ordering::AcqRel);
            Box::pin(async move { conn.execute(sqlx::AssertSqlSafe(session)).await.map(|_| ()) })
        });
    pool.connect_lazy_with(options)
}

async fn answers(conn: &mut MySqlConnection) -> bool {
    conn.ping().await.is_ok()
}

fn session_sql(settings: &MySqlSettings) -> String {
    format!(
        "set session transaction isolation level read committed; \
         set session innodb_lock_wait_timeout = {}, session wait_timeout = {}, session lock_wait_timeout = {}, \
         session max_execution_time = {}",
        settings.lock_wait_timeout_s,
        settings.wait_timeout_s,
        settings.lock_wait_timeout_s,
        settings.max_execution_ms
    )
}
