use ::domain::{Actor, ActorKind, AuditId, HotelId, Instant, RoomId, UserId};
use chrono::NaiveDateTime;
use platform::causes::BoxError;
use sqlx::{FromRow, MySql, MySqlConnection, QueryBuilder, Row as _};
use uuid::Uuid;

use super::{Columns, part};
use crate::{
    domain::audit::{Action, Entry},
    store::{AuditMark, Cursor, Part, StoreError},
};

#[derive(FromRow)]
struct EntryRow {
    audit_id: Uuid,
    hotel_id: Uuid,
    room_id: Option<Uuid>,
    at: NaiveDateTime,
    actor_kind: String,
    actor_id: Option<Uuid>,
    actor_subject: Option<String>,
    action: String,
    version: i64,
    changes: Vec<u8>,
}

impl Columns for EntryRow {
    type Record = Entry;
    const TABLE: &'static str = "audit_log";
    const ID: &'static str = "audit_id";

    fn read(self) -> Result<Entry, BoxError> {
        Ok(Entry {
            audit_id: AuditId::from_uuid(self.audit_id),
            hotel_id: HotelId::from_uuid(self.hotel_id),
            room_id: self.room_id.map(RoomId::from_uuid),
            at: Instant::from_naive_utc(self.at),
            actor: Actor {
                kind: ActorKind::parse(&self.actor_kind)?,
                user_id: self.actor_id.map(UserId::from_uuid),
                subject: self.actor_subject,
            },
            action: Action::parse(&self.action)?,
            version: self.version,
            changes: serde_json::from_slice(&self.changes)?,
        })
    }
}

/// Inserts entries. The list is not empty.
pub(in crate::store) async fn insert(
    conn: &mut MySqlConnection,
    entries: &[&Entry],
) -> Result<(), StoreError> {
    let rows = entries.iter().map(|entry| changes_of(entry).map(|changes| (*entry, changes)));
    let rows: Vec<(&Entry, Vec<u8>)> = rows.collect::<Result<_, _>>()?;
    let mut sql = QueryBuilder::<MySql>::new(
        "insert into audit_log (audit_id, hotel_id, room_id, at, actor_kind, actor_id, actor_subject, action, version, \
         changes) ",
    );
    sql.push_values(rows, |mut row, (entry, changes)| {
        row.push_bind(entry.audit_id.uuid())
            .push_bind(entry.hotel_id.uuid())
            .push_bind(entry.room_id.map(RoomId::uuid))
            .push_bind(entry.at.naive_utc())
            .push_bind(entry.actor.kind.as_str())
            .push_bind(entry.actor.user_id.map(UserId::uuid))
            .push_bind(entry.actor.subject.as_deref())
            .push_bind(entry.action.as_str())
            .push_bind(entry.version)
            .push_bind(changes);
    });
    sql.build().execute(conn).await?;
    Ok(())
}

fn changes_of(entry: &Entry) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(&entry.changes)
        .map_err(|error| StoreError::corrupt("audit_log", &entry.audit_id, &error))
}

/// Entries of a hotel and its rooms, the newest first.
pub(in crate::store) async fn list(
    conn: &mut MySqlConnection,
    hotel_id: HotelId,
    cursor: Cursor<AuditMark>,
) -> Result<Part<Entry, AuditMark>, StoreError> {
    let mut sql = QueryBuilder::<MySql>::new(
        "select audit_id, hotel_id, room_id, at, actor_kind, actor_id, actor_subject, action, version, changes \
         from audit_log where hotel_id = ",
    );
    sql.push_bind(hotel_id.uuid());
    if let Some((at, id)) = cursor.after {
        sql.push(" and (at < ").push_bind(at.naive_utc());
        sql.push(" or (at = ").push_bind(at.naive_utc());
        sql.push(" and audit_id < ").push_bind(id.uuid()).push("))");
    }
    sql.push(" order by at desc, audit_id desc limit ").push_bind(cursor.limit.saturating_add(1));
    let rows = sql.build().fetch_all(conn).await?;
    part::<EntryRow, _>(rows, cursor.limit, |row| {
        let (at, id) = (row.try_get("at")?, row.try_get("audit_id")?);
        Ok((Instant::from_naive_utc(at), AuditId::from_uuid(id)))
    })
}

/// Deletes at most `chunk` entries older than `keep_days`.
pub(in crate::store) async fn purge(
    conn: &mut MySqlConnection,
    keep_days: u32,
    chunk: u32,
) -> Result<u64, sqlx::Error> {
    let sql = "delete from audit_log where at < now(6) - interval ? day order by at limit ?";
    Ok(sqlx::query(sql).bind(keep_days).bind(chunk).execute(conn).await?.rows_affected())
}
