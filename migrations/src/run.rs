//! Running migrations on a live database: short waits for locks, tried again, healed after a crash.

use std::time::Duration;

use sqlx::{
    MySql, MySqlConnection, MySqlPool,
    migrate::{MigrateError, Migrator},
    pool::PoolConnection,
};

/// How long one statement waits for a table, in seconds: everybody else queues behind a DDL that waits (faults.md).
const LOCK_WAIT_S: u32 = 2;

/// How often a migration that did not get its lock is tried: with the pauses about two minutes of a busy table.
const ATTEMPTS: u32 = 40;

/// The pause between two tries, in which the traffic that queued behind the DDL goes through.
const PAUSE: Duration = Duration::from_secs(1);

/// How long one process waits for another that migrates the same database, in seconds.
const OTHERS_WAIT_S: u32 = 180;

/// Why a database was not migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database did not answer.
    #[error("the database does not answer")]
    Unavailable(#[source] sqlx::Error),
    /// Another process has been migrating this database for longer than we wait.
    #[error("another process has been migrating this database for {OTHERS_WAIT_S} s")]
    Busy,
    /// The tables stayed locked through all tries.
    #[error("a table stayed locked through {ATTEMPTS} tries")]
    Locked(#[source] MigrateError),
    /// A migration was refused, or an applied one differs from ours.
    #[error("a migration failed")]
    Failed(#[source] MigrateError),
}

/// Brings a database up to date. Safe to run twice, from several processes, and after a kill in the middle; a schema newer
/// than ours is accepted (a rollback of the program does not undo its expansion of the schema).
pub async fn run(pool: &MySqlPool, mut migrator: Migrator) -> Result<(), MigrationError> {
    let mut conn = pool.acquire().await.map_err(MigrationError::Unavailable)?;
    prepare(&mut conn).await?;
    migrator.set_ignore_missing(true).set_locking(false);
    let done = try_until_unlocked(&mut conn, &migrator).await;
    // The session's settings and its lock go with the connection.
    close(conn).await;
    done
}

async fn prepare(conn: &mut MySqlConnection) -> Result<(), MigrationError> {
    let sql = format!(
        "set session lock_wait_timeout = {LOCK_WAIT_S}, innodb_lock_wait_timeout = {LOCK_WAIT_S}, wait_timeout = 600, \
         max_execution_time = 0"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut *conn).await.map_err(MigrationError::Unavailable)?;
    let taken: Option<i64> =
        sqlx::query_scalar("select get_lock(left(concat('migrate/', database()), 64), ?)")
            .bind(OTHERS_WAIT_S)
            .fetch_one(&mut *conn)
            .await
            .map_err(MigrationError::Unavailable)?;
    if taken == Some(1) { Ok(()) } else { Err(MigrationError::Busy) }
}

async fn try_until_unlocked(conn: &mut MySqlConnection, migrator: &Migrator) -> Result<(), MigrationError> {
    let mut tried = 1;
    loop {
        // Not `run`: its future is not seen to be `Send` ("implementation of `Acquire` is not general enough").
        match migrator.run_direct(None, &mut *conn, false).await {
            Ok(()) => return Ok(()),
            Err(MigrateError::Dirty(version)) => forget_half_done(conn, version).await?,
            Err(error) if !is_locked(&error) => return Err(MigrationError::Failed(error)),
            Err(error) if tried >= ATTEMPTS => return Err(MigrationError::Locked(error)),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
        tried += 1;
        if tried > ATTEMPTS * 2 {
            return Err(MigrationError::Busy);
        }
    }
}

/// Every migration may run twice, and we hold the lock: whoever left this version half recorded is gone.
async fn forget_half_done(conn: &mut MySqlConnection, version: i64) -> Result<(), MigrationError> {
    sqlx::query("delete from _sqlx_migrations where version = ? and success = false")
        .bind(version)
        .execute(conn)
        .await
        .map(|_| ())
        .map_err(MigrationError::Unavailable)
}

/// 1205 lock wait timeout, 1213 deadlock.
fn is_locked(error: &MigrateError) -> bool {
    let (MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _)) = error else {
        return false;
    };
    source
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>())
        .is_some_and(|error| matches!(error.number(), 1205 | 1213))
}

async fn close(conn: PoolConnection<MySql>) {
    if let Err(error) = conn.close().await {
        tracing::debug!(%error, "closing the migrating connection failed");
    }
}
