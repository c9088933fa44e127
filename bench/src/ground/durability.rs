//! Whether a commit is a promise: figures of a server that forgets are none.

use e2e::failed::{Failed, expect};
use sqlx::{FromRow, MySqlPool};

use crate::told::OrFailed as _;

#[derive(FromRow)]
struct Variables {
    version: String,
    log_bin: bool,
    sync_binlog: u64,
    flush: u64,
    row_image: String,
    pool_mib: u64,
}

/// What the server says of itself; refused where it does not sync each commit, unless that is said to be fine.
pub(super) async fn of(pool: &MySqlPool, relaxed: bool) -> Result<String, Failed> {
    let sql = "select version() as version, @@log_bin <> 0 as log_bin, \
               cast(@@sync_binlog as unsigned) as sync_binlog, \
               cast(@@innodb_flush_log_at_trx_commit as unsigned) as flush, \
               cast(@@binlog_row_image as char) as row_image, \
               cast(@@innodb_buffer_pool_size div 1048576 as unsigned) as pool_mib";
    let is: Variables = sqlx::query_as(sql).fetch_one(pool).await.or_failed()?;
    let durable = is.log_bin && is.sync_binlog == 1 && is.flush == 1;
    let told = format!(
        "MySQL {}, binlog {} ({}), sync_binlog {}, innodb_flush_log_at_trx_commit {}, pool {} MiB",
        is.version,
        if is.log_bin { "on" } else { "OFF" },
        is.row_image,
        is.sync_binlog,
        is.flush,
        is.pool_mib
    );
    expect(durable || relaxed, || {
        format!(
            "{told}: this server forgets commits; measure on a durable one (`cargo xtask bench`), or try with --relaxed"
        )
    })?;
    Ok(if durable { told } else { format!("{told}: NOT DURABLE, these figures say nothing") })
}
