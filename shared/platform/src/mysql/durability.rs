//! Whether the server keeps what it has committed, whatever happens to its machine.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use sqlx::{FromRow, MySqlPool};

use crate::{causes::BoxError, readiness::ReadinessProbe, settings::KitSettings};

/// As much of a server's settings as decides.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
struct Server {
    log_bin: i64,
    sync_binlog: u64,
    flush: u64,
    row_image: String,
}

const SERVER: &str = "select cast(@@log_bin as signed) as log_bin, cast(@@sync_binlog as unsigned) as sync_binlog, \
     cast(@@innodb_flush_log_at_trx_commit as unsigned) as flush, cast(@@binlog_row_image as char) as row_image";

impl Server {
    /// What it may lose that it has said was committed; none if nothing.
    fn forgets(&self) -> Option<String> {
        let synced = self.log_bin == 0 || self.sync_binlog == 1;
        (self.flush != 1 || !synced).then(|| {
            format!(
                "this MySQL loses commits with its machine: innodb_flush_log_at_trx_commit is {} and sync_binlog {}; \
                 both must be 1",
                self.flush, self.sync_binlog
            )
        })
    }

    /// Large columns that do not change are logged with each change of their row: never wrong, and dear.
    fn repeats(&self) -> bool {
        self.log_bin != 0 && self.row_image == "FULL"
    }
}

/// A probe that the primary keeps its commits. Where tokens come from an issuer, a deployment, a server that does not is refused:
/// the service never gets ready. In development it is a warning. Asked until it was answered well once.
pub fn durability_probe(pool: MySqlPool, kit: &KitSettings) -> ReadinessProbe {
    let (is_deployed, is_fine) = (kit.auth.jwks_url.is_some(), Arc::new(AtomicBool::new(false)));
    ReadinessProbe::new("mysql_durability", move || {
        let (pool, is_fine) = (pool.clone(), is_fine.clone());
        async move {
            if is_fine.load(Ordering::Relaxed) {
                return Ok(());
            }
            ask(&pool, is_deployed).await?;
            is_fine.store(true, Ordering::Relaxed);
            Ok(())
        }
    })
}

async fn ask(pool: &MySqlPool, is_deployed: bool) -> Result<(), BoxError> {
    let server: Server = sqlx::query_as(SERVER).fetch_one(pool).await?;
    if server.repeats() {
        tracing::warn!(
            "binlog_row_image is FULL: set it to NOBLOB, and a change of a booking logs half as much"
        );
    }
    match server.forgets() {
        Some(says) if is_deployed => {
            tracing::error!(says, "not ready before this is mended");
            Err(says.into())
        }
        Some(says) => {
            tracing::warn!(says, "fine for development only");
            Ok(())
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(log_bin: i64, sync_binlog: u64, flush: u64) -> Server {
        Server { log_bin, sync_binlog, flush, row_image: "NOBLOB".to_owned() }
    }

    #[test]
    fn a_server_that_does_not_sync_each_commit_forgets() {
        assert_eq!(server(1, 1, 1).forgets(), None);
        assert_eq!(server(0, 0, 1).forgets(), None, "without a binlog there is none to sync");
        for forgetful in [server(1, 0, 1), server(1, 100, 1), server(1, 1, 2), server(0, 1, 0)] {
            let says = forgetful.forgets().unwrap();
            assert!(says.contains("both must be 1"), "{says}");
        }
    }

    #[tokio::test]
    async fn a_real_server_is_refused_in_a_deployment_if_it_forgets_and_taken_in_development() {
        let lease = testkit::mysql::booking().await;
        let durable = "select @@sync_binlog = 1 and @@innodb_flush_log_at_trx_commit = 1";
        let durable: i64 = sqlx::query_scalar(durable).fetch_one(&lease.pool).await.unwrap();
        assert_eq!(ask(&lease.pool, true).await.is_ok(), durable == 1);
        assert!(ask(&lease.pool, false).await.is_ok());
    }

    #[test]
    fn whole_rows_are_logged_only_where_there_is_a_log() {
        let full = |log_bin| Server { row_image: "FULL".to_owned(), ..server(log_bin, 1, 1) };
        assert!(full(1).repeats() && !full(0).repeats() && !server(1, 1, 1).repeats());
    }
}
