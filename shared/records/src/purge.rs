//! The end of an archived booking in MySQL: noted as confirmed, then deleted exactly as it was read back, its keys kept.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::{BookingId, Instant, booking::BookingRecord};
use events::outbox::lane_of;
use platform::{
    mysql::{DbError, Tx},
    planted::{Fault, Point, crash_at, makes},
};
use sqlx::{MySql, MySqlConnection, MySqlPool, QueryBuilder};

/// What became of a purge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purge {
    /// It is gone from `bookings`, and `purged_bookings` holds its keys.
    Done,
    /// An earlier purge (whose answer was lost) has done it.
    AlreadyDone,
    /// It has changed since it was archived: archive it again.
    Changed,
    /// Money is open, a paper has no number, or an event waits to be published: try again later.
    NotSettled,
}

/// Notes that the archive holds exactly these, as read back, so that a scan need not ask the archive: by one statement, which
/// locks them in the order of their ids, as all do. Says of how many MySQL's row is still that. Right needed: UPDATE on
/// `bookings.archived_version`.
pub async fn confirm_all(pool: &MySqlPool, archived: &[&BookingRecord]) -> Result<u64, sqlx::Error> {
    if archived.is_empty() {
        return Ok(0);
    }
    let rows: BTreeMap<BookingId, i64> =
        archived.iter().map(|record| (record.booking_id, record.version)).collect();
    let mut sql = QueryBuilder::<MySql>::new("update (values ");
    let mut list = sql.separated(", ");
    for (id, version) in rows {
        list.push("row(").push_bind_unseparated(id.uuid());
        list.push_unseparated(", ").push_bind_unseparated(version).push_unseparated(")");
    }
    sql.push(
        ") as held (booking_id, version) straight_join bookings b force index (primary) \
         on b.booking_id = held.booking_id set b.archived_version = b.version where b.version = held.version",
    );
    // Its text follows the list: each length of it would be prepared and kept once more.
    Ok(sql.build().persistent(false).execute(pool).await?.rows_affected())
}

/// Deletes a booking that has settled, if it is exactly `archived` (what was read back from the archive): same version, same
/// status. One transaction: its kept answers, the row of `purged_bookings`, the booking (domain.md, States; lock order: keys,
/// then bookings). Rights needed: SELECT; DELETE on bookings and `idempotency_keys`; INSERT on `purged_bookings`.
///
/// After an unknown commit call it again.
pub async fn purge(pool: &MySqlPool, archived: &BookingRecord, now: Instant) -> Result<Purge, DbError> {
    let mut tx = Tx::begin(pool).await?;
    let done = run(tx.conn(), archived, now).await?;
    match done {
        Purge::Done => tx.commit().await?,
        Purge::AlreadyDone | Purge::Changed | Purge::NotSettled => tx.rollback().await?,
    }
    Ok(done)
}

async fn run(conn: &mut MySqlConnection, archived: &BookingRecord, now: Instant) -> Result<Purge, DbError> {
    let id = archived.booking_id;
    // Cheap, and spares the locks of one that will stay for long.
    if !is_settled(conn, archived).await? {
        return Ok(Purge::NotSettled);
    }
    sqlx::query("delete from idempotency_keys where booking_id = ?")
        .bind(id.uuid())
        .execute(&mut *conn)
        .await?;
    if keep_keys(conn, archived, now).await? != 1 {
        return Ok(if is_purged(conn, id).await? { Purge::AlreadyDone } else { Purge::Changed });
    }
    let deleted = sqlx::query("delete from bookings where booking_id = ? and version = ? and status = ?")
        .bind(id.uuid())
        .bind(archived.version)
        .bind(archived.status.as_str())
        .execute(&mut *conn)
        .await?;
    if deleted.rows_affected() != 1 {
        return Ok(Purge::Changed);
    }
    crash_at(Point::ArchiverAfterDelete);
    // Only now nobody else holds the booking: what was written under its lock meanwhile is seen.
    Ok(if is_settled(conn, archived).await? { Purge::Done } else { Purge::NotSettled })
}

/// An event is written this soon after the moment at which it was decided, or never.
const EVENT_FOLLOWS_WITHIN: TimeDelta = TimeDelta::seconds(60);

/// No money open, no paper without a number, no event unpublished.
///
/// Of the outbox only the lane's first waiting row is read, however far behind the relay is: where that one is younger than
/// the booking's last change, the booking's own events have been published. A row is younger than what it tells, so more than
/// that is asked for; and under a moved test clock, by which bookings change and rows are not dated, an empty lane.
async fn is_settled(conn: &mut MySqlConnection, archived: &BookingRecord) -> Result<bool, sqlx::Error> {
    if makes(Fault::PurgeByStatusOnly) {
        return Ok(true);
    }
    let sql = "select not (\
         exists (select 1 from payments where booking_id = ? and status in ('in_review', 'refund_due')) \
         or exists (select 1 from refunds where booking_id = ? and status <> 'succeeded') \
         or exists (select 1 from voids where booking_id = ? and status in ('owed', 'sent', 'failed')) \
         or exists (select 1 from invoices where booking_id = ? and number is null) \
         or exists (select 1 from credit_notes where booking_id = ? and number is null) \
         or exists (select 1 from (select created_at from outbox where lane = ? and published_at is null \
                    order by outbox_id limit 1) first where first.created_at <= ? \
                    or exists (select 1 from dev_clock where offset_us <> 0)))";
    let uuid = archived.booking_id.uuid();
    let settled: i64 = sqlx::query_scalar(sql)
        .bind(uuid)
        .bind(uuid)
        .bind(uuid)
        .bind(uuid)
        .bind(uuid)
        .bind(lane_of(archived.hotel_id))
        .bind(archived.updated_at.plus(EVENT_FOLLOWS_WITHIN).naive_utc())
        .fetch_one(conn)
        .await?;
    Ok(settled == 1)
}

async fn keep_keys(
    conn: &mut MySqlConnection,
    archived: &BookingRecord,
    now: Instant,
) -> Result<u64, sqlx::Error> {
    let sql = "insert into purged_bookings (booking_id, hotel_id, user_id, client_reference, idempotency_scope, \
                 idempotency_hash, payment_id, invoice_id, status, late_payment, start_date, end_date, version, actor_kind, \
                 actor_id, actor_subject, purged_at, created_at, updated_at) \
               select booking_id, hotel_id, user_id, client_reference, idempotency_scope, idempotency_hash, payment_id, \
                 invoice_id, status, late_payment, start_date, end_date, version, actor_kind, actor_id, actor_subject, \
                 ?, created_at, ? from bookings \
               where booking_id = ? and version = ? and status = ?";
    let now = now.naive_utc();
    let kept = sqlx::query(sql)
        .bind(now)
        .bind(now)
        .bind(archived.booking_id.uuid())
        .bind(archived.version)
        .bind(archived.status.as_str())
        .execute(conn)
        .await?;
    Ok(kept.rows_affected())
}

async fn is_purged(conn: &mut MySqlConnection, id: BookingId) -> Result<bool, sqlx::Error> {
    let sql = "select count(*) from purged_bookings where booking_id = ?";
    let rows: i64 = sqlx::query_scalar(sql).bind(id.uuid()).fetch_one(conn).await?;
    Ok(rows == 1)
}
