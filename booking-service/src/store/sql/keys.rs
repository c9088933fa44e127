//! Idempotency keys and client references: who has used them.

use std::collections::{BTreeMap, BTreeSet};

use booking_core::{Digest, IdempotencyKey, KeptAnswer, KeyHolder, KeyUse};
use domain::{BookingId, ClientReference, UserId};
use platform::mysql::DbError;
use sqlx::{FromRow, MySqlConnection, QueryBuilder};
use uuid::Uuid;

use super::{ReadMode, WriteError, corrupt, push_list};

#[derive(FromRow)]
struct AnswerRow {
    scope: Vec<u8>,
    request_hash: Vec<u8>,
    operation_id: String,
    user_id: Uuid,
    booking_id: Uuid,
    status: u16,
    etag: Option<String>,
    body: Vec<u8>,
}

/// Who holds these scopes. Read plainly it is one statement, so one view of all three tables: a booking that is being
/// purged is in one of them. A locking read sees each table as it is when it comes to it, so there bookings go first.
pub(crate) async fn find(
    conn: &mut MySqlConnection,
    scopes: &BTreeSet<Digest>,
    read: ReadMode,
) -> Result<BTreeMap<Digest, KeyUse>, DbError> {
    if scopes.is_empty() {
        return Ok(BTreeMap::new());
    }
    if read == ReadMode::Plain {
        return seen(conn, scopes).await;
    }
    let mut held = answers(conn, scopes, read).await?;
    held.extend(of_bookings(conn, scopes, "bookings", ReadMode::Locked, KeyHolder::Booking).await?);
    held.extend(of_bookings(conn, scopes, "purged_bookings", ReadMode::Plain, KeyHolder::Purged).await?);
    Ok(held)
}

#[derive(FromRow)]
struct Seen {
    place: String,
    scope: Vec<u8>,
    hash: Vec<u8>,
    booking_id: Option<Uuid>,
}

async fn seen(
    conn: &mut MySqlConnection,
    scopes: &BTreeSet<Digest>,
) -> Result<BTreeMap<Digest, KeyUse>, DbError> {
    let mut sql = QueryBuilder::new("");
    for (index, select) in [
        "select 'bookings' as place, idempotency_scope as scope, idempotency_hash as hash, booking_id \
         from bookings where idempotency_scope in ",
        "select 'purged', idempotency_scope, idempotency_hash, booking_id \
         from purged_bookings where idempotency_scope in ",
        "select 'answers', scope, request_hash, null from idempotency_keys where scope in ",
    ]
    .into_iter()
    .enumerate()
    {
        sql.push(if index == 0 { "" } else { " union all " }).push(select);
        push_list(&mut sql, bytes(scopes));
    }
    let rows: Vec<Seen> = sql.build_query_as().fetch_all(&mut *conn).await?;
    let mut held = BTreeMap::new();
    let mut answered = BTreeSet::new();
    for row in rows {
        let (scope, hash) = (digest(&row.scope)?, digest(&row.hash)?);
        let holder = if row.place == "bookings" { KeyHolder::Booking } else { KeyHolder::Purged };
        match row.booking_id {
            Some(id) => drop(held.insert(scope, KeyUse { hash, holder: holder(BookingId::from_uuid(id)) })),
            None => drop(answered.insert(scope)),
        }
    }
    if !answered.is_empty() {
        held.extend(answers(conn, &answered, ReadMode::Plain).await?);
    }
    Ok(held)
}

async fn answers(
    conn: &mut MySqlConnection,
    scopes: &BTreeSet<Digest>,
    read: ReadMode,
) -> Result<BTreeMap<Digest, KeyUse>, DbError> {
    let mut sql = QueryBuilder::new(
        "select scope, request_hash, operation_id, user_id, booking_id, status, etag, body \
         from idempotency_keys where scope in ",
    );
    push_list(&mut sql, bytes(scopes));
    sql.push(" order by scope").push(read.for_update());
    let rows: Vec<AnswerRow> = sql.build_query_as().fetch_all(conn).await?;
    rows.into_iter().map(AnswerRow::read).collect()
}

impl AnswerRow {
    fn read(self) -> Result<(Digest, KeyUse), DbError> {
        let (scope, hash) = (digest(&self.scope)?, digest(&self.request_hash)?);
        let answer = KeptAnswer {
            key: IdempotencyKey { scope, hash },
            operation_id: self.operation_id,
            user_id: UserId::from_uuid(self.user_id),
            booking_id: BookingId::from_uuid(self.booking_id),
            status: self.status,
            etag: self.etag,
            body: self.body,
        };
        Ok((scope, KeyUse { hash, holder: KeyHolder::Answer(answer) }))
    }
}

async fn of_bookings(
    conn: &mut MySqlConnection,
    scopes: &BTreeSet<Digest>,
    table: &'static str,
    read: ReadMode,
    holder: fn(BookingId) -> KeyHolder,
) -> Result<Vec<(Digest, KeyUse)>, DbError> {
    let mut sql = QueryBuilder::new("select idempotency_scope, idempotency_hash, booking_id from ");
    sql.push(table).push(" where idempotency_scope in ");
    push_list(&mut sql, bytes(scopes));
    sql.push(read.for_update());
    let rows: Vec<(Vec<u8>, Vec<u8>, Uuid)> = sql.build_query_as().fetch_all(conn).await?;
    let read = |(scope, hash, id): (Vec<u8>, Vec<u8>, Uuid)| {
        let used = KeyUse { hash: digest(&hash)?, holder: holder(BookingId::from_uuid(id)) };
        Ok((digest(&scope)?, used))
    };
    rows.into_iter().map(read).collect()
}

/// Which bookings, active or purged, these client references name.
pub(crate) async fn references(
    conn: &mut MySqlConnection,
    wanted: &BTreeSet<(UserId, ClientReference)>,
) -> Result<BTreeMap<(UserId, ClientReference), BookingId>, DbError> {
    let mut found = BTreeMap::new();
    let sql = "select booking_id from bookings where user_id = ? and client_reference = ? \
               union all select booking_id from purged_bookings where user_id = ? and client_reference = ? limit 1";
    for (user, reference) in wanted {
        let query = sqlx::query_scalar(sql)
            .bind(user.uuid())
            .bind(reference.as_str())
            .bind(user.uuid())
            .bind(reference.as_str());
        let id: Option<Uuid> = query.fetch_optional(&mut *conn).await?;
        found.extend(id.map(|id| ((*user, reference.clone()), BookingId::from_uuid(id))));
    }
    Ok(found)
}

/// Keeps an answer for its key until its booking is purged.
pub(crate) async fn insert(conn: &mut MySqlConnection, answer: &KeptAnswer) -> Result<(), WriteError> {
    let sql = "insert into idempotency_keys (scope, request_hash, operation_id, user_id, status, etag, body, \
               booking_id, created_at) values (?, ?, ?, ?, ?, ?, ?, ?, utc_timestamp(6))";
    sqlx::query(sql)
        .bind(answer.key.scope.bytes().as_slice())
        .bind(answer.key.hash.bytes().as_slice())
        .bind(answer.operation_id.as_str())
        .bind(answer.user_id.uuid())
        .bind(answer.status)
        .bind(answer.etag.as_deref())
        .bind(answer.body.as_slice())
        .bind(answer.booking_id.uuid())
        .execute(conn)
        .await?;
    Ok(())
}

fn bytes(scopes: &BTreeSet<Digest>) -> impl Iterator<Item = Vec<u8>> {
    scopes.iter().map(|scope| scope.bytes().to_vec())
}

fn digest(bytes: &[u8]) -> Result<Digest, DbError> {
    <[u8; 32]>::try_from(bytes).map(Digest::new).map_err(corrupt)
}
