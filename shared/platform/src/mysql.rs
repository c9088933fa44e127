//! MySQL: pools with the sessions we promise, what its errors mean, and units of work that are run again.

mod error;
mod list;
mod probe;
mod retry;
mod tx;

use std::time::Duration;

use serde::Deserialize;
use sqlx::{
    Connection, Executor, MySqlConnection, MySqlPool,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
};

pub use error::{DbError, classify, is_transient};
pub use list::{padded, push_list};
pub use probe::probe;
pub use retry::{RetrySettings, Transient, retry_unit};
pub use tx::Tx;

/// How to reach a MySQL database. Everything but the address has a default.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MySqlSettings {
    /// `mysql://user:password@host:port/database`.
    pub url: String,
    /// Connections of this pool at most: the database's own limit is shared by all processes.
    #[serde(default = "defaults::max_connections")]
    pub max_connections: u32,
    /// Connections kept open when idle, so that the first request after a pause does not pay for the handshake.
    #[serde(default = "defaults::min_connections")]
    pub min_connections: u32,
    /// How long a request waits for a connection before it is refused with 503, in milliseconds.
    #[serde(default = "defaults::acquire_timeout_ms")]
    pub acquire_timeout_ms: u64,
    /// `innodb_lock_wait_timeout`, in seconds: longer than any transaction of ours, shorter than a client's patience.
    #[serde(default = "defaults::lock_wait_timeout_s")]
    pub lock_wait_timeout_s: u32,
    /// `wait_timeout` inside transactions of a writer, in seconds: a frozen process must not hold a hot row for hours.
    /// The pool closes idle connections before the server does.
    #[serde(default = "defaults::wait_timeout_s")]
    pub wait_timeout_s: u32,
    /// `max_execution_time` of reads, in milliseconds; 0 is no limit.
    #[serde(default = "defaults::max_execution_ms")]
    pub max_execution_ms: u64,
}

mod defaults {
    pub(super) const fn max_connections() -> u32 {
        16
    }
    pub(super) const fn min_connections() -> u32 {
        1
    }
    pub(super) const fn acquire_timeout_ms() -> u64 {
        3_000
    }
    pub(super) const fn lock_wait_timeout_s() -> u32 {
        2
    }
    pub(super) const fn wait_timeout_s() -> u32 {
        5
    }
    pub(super) const fn max_execution_ms() -> u64 {
        30_000
    }
}

impl MySqlSettings {
    /// Defaults for an address.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: defaults::max_connections(),
            min_connections: defaults::min_connections(),
            acquire_timeout_ms: defaults::acquire_timeout_ms(),
            lock_wait_timeout_s: defaults::lock_wait_timeout_s(),
            wait_timeout_s: defaults::wait_timeout_s(),
            max_execution_ms: defaults::max_execution_ms(),
        }
    }
}

/// A pool whose sessions are READ COMMITTED, UTC, and give up on locks and on silent clients. It does not wait for the server.
pub fn connect(settings: &MySqlSettings) -> Result<MySqlPool, sqlx::Error> {
    let options: MySqlConnectOptions = settings.url.parse()?;
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
            Box::pin(async move { conn.execute(sqlx::AssertSqlSafe(session)).await.map(|_| ()) })
        });
    Ok(pool.connect_lazy_with(options))
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
