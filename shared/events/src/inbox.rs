//! The inbox: which events a consumer group has handled, kept in the transaction of the effect.

use sqlx::{MySqlConnection, MySqlPool};
use uuid::Uuid;

/// Notes the event as handled by the group, in the caller's transaction. True when it was noted before: then do nothing.
///
/// Two transactions with the same event wait for each other, and the second one sees it.
pub async fn seen_before(
    conn: &mut MySqlConnection,
    group: &str,
    event_id: Uuid,
) -> Result<bool, sqlx::Error> {
    let noted =
        sqlx::query("insert ignore into inbox (consumer_group, event_id, handled_at) values (?, ?, now(6))")
            .bind(group)
            .bind(event_id)
            .execute(conn)
            .await?;
    Ok(noted.rows_affected() == 0)
}

/// Deletes at most `chunk` rows handled more than `older_than_s` seconds ago, and says how many. Call again while it is `chunk`.
///
/// Keep them longer than any record may be delivered again: the log's retention and a replay from the dead letters.
pub async fn purge(pool: &MySqlPool, older_than_s: u64, chunk: u32) -> Result<u64, sqlx::Error> {
    let sql = "delete from inbox where handled_at < now(6) - interval ? second order by handled_at limit ?";
    Ok(sqlx::query(sql).bind(older_than_s).bind(chunk).execute(pool).await?.rows_affected())
}
