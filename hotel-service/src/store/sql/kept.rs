use ::domain::{Invalid, UserId};
use platform::{
    causes::BoxError,
    mysql::{DbError, classify},
};
use sqlx::{FromRow, MySqlConnection};
use uuid::Uuid;

use super::{Columns, read};
use crate::store::{KeptAnswer, StoreError};

#[derive(FromRow)]
struct KeptRow {
    scope: Vec<u8>,
    request_hash: Vec<u8>,
    operation_id: String,
    user_id: Uuid,
    status: u16,
    location: Option<String>,
    etag: Option<String>,
    body: Vec<u8>,
}

impl Columns for KeptRow {
    type Record = KeptAnswer;
    const TABLE: &'static str = "idempotency_keys";
    /// The scope is a hash, so whoever looks has this to begin with.
    const ID: &'static str = "user_id";

    fn read(self) -> Result<KeptAnswer, BoxError> {
        let hash = |bytes: Vec<u8>| bytes.try_into().map_err(|_| Invalid::malformed("A hash has 32 bytes."));
        let version = self.etag.and_then(|etag| etag.parse().ok());
        Ok(KeptAnswer {
            scope: hash(self.scope)?,
            request_hash: hash(self.request_hash)?,
            operation_id: self.operation_id,
            user_id: UserId::from_uuid(self.user_id),
            status: self.status,
            location: self.location.ok_or_else(|| Invalid::malformed("A creation has a location."))?,
            version: version.ok_or_else(|| Invalid::malformed("A creation has a version."))?,
            body: self.body,
            keep_s: 0,
        })
    }
}

/// The answer of a scope.
pub(in crate::store) async fn find(
    conn: &mut MySqlConnection,
    scope: &[u8; 32],
) -> Result<Option<KeptAnswer>, StoreError> {
    let sql = "select scope, request_hash, operation_id, user_id, status, location, etag, body from idempotency_keys \
               where scope = ?";
    let row = sqlx::query(sql).bind(scope.as_slice()).fetch_optional(conn).await?;
    row.as_ref().map(read::<KeptRow>).transpose()
}

/// Keeps an answer; false if its scope is taken, or held by a transaction that takes long.
pub(in crate::store) async fn insert(
    conn: &mut MySqlConnection,
    answer: &KeptAnswer,
) -> Result<bool, StoreError> {
    let sql = "insert into idempotency_keys (scope, request_hash, operation_id, user_id, status, location, etag, body, \
               expires_at, created_at) values (?, ?, ?, ?, ?, ?, ?, ?, now(6) + interval ? second, now(6))";
    let inserted = sqlx::query(sql)
        .bind(answer.scope.as_slice())
        .bind(answer.request_hash.as_slice())
        .bind(answer.operation_id.as_str())
        .bind(answer.user_id.uuid())
        .bind(answer.status)
        .bind(answer.location.as_str())
        .bind(answer.version.to_string())
        .bind(answer.body.as_slice())
        .bind(answer.keep_s)
        .execute(conn)
        .await;
    match inserted.map_err(classify) {
        Ok(_) => Ok(true),
        Err(DbError::Unique { .. } | DbError::LockTimeout(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Deletes at most `chunk` answers whose time has passed.
pub(in crate::store) async fn purge(conn: &mut MySqlConnection, chunk: u32) -> Result<u64, sqlx::Error> {
    let sql = "delete from idempotency_keys where expires_at < now(6) order by expires_at limit ?";
    Ok(sqlx::query(sql).bind(chunk).execute(conn).await?.rows_affected())
}
