//! Accounts that own hotels: a row each, so that those who add hotels to one account wait for each other.

use sqlx::MySqlConnection;
use uuid::Uuid;

/// Locks an owner until the transaction ends, also one who has no hotel yet.
pub(in crate::store) async fn lock(conn: &mut MySqlConnection, owner_id: Uuid) -> Result<(), sqlx::Error> {
    // Not `insert ignore`: that locks a row that is there for reading only, and two who want more block each other.
    let sql = "insert into owners (owner_id, created_at) values (?, now(6)) \
               on duplicate key update owner_id = owners.owner_id";
    sqlx::query(sql).bind(owner_id).execute(conn).await?;
    Ok(())
}
