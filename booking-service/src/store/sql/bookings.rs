//! The bookings: read as records, inserted, moved under their guards.

use std::collections::{BTreeMap, BTreeSet};

use booking_core::{Home, NewBooking, Purged, plan::Move};
use domain::{
    BookingId, ClientReference, HotelId, Instant, InvoiceId, UserId,
    booking::{BookingRecord, BookingStatus, LatePayment, StatusReason},
};
use platform::mysql::DbError;
use records::BookingRow;
use sqlx::{FromRow, MySqlConnection, QueryBuilder};
use uuid::Uuid;

use super::{ReadMode, WriteError, corrupt, exactly, push_list};

/// The bookings with these ids, in their order.
pub(crate) async fn find(
    conn: &mut MySqlConnection,
    ids: &BTreeSet<BookingId>,
    read: ReadMode,
) -> Result<Vec<BookingRecord>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = QueryBuilder::new("select ");
    sql.push(BookingRow::COLUMNS).push(" from bookings where booking_id in ");
    push_list(&mut sql, ids.iter().map(|id| id.uuid()));
    sql.push(" order by booking_id").push(read.for_update());
    let rows: Vec<BookingRow> = sql.build_query_as().fetch_all(conn).await?;
    rows.into_iter().map(|row| BookingRecord::try_from(row).map_err(corrupt)).collect()
}

#[derive(FromRow)]
struct PurgedRow {
    booking_id: Uuid,
    hotel_id: Uuid,
    user_id: Uuid,
    status: String,
    late_payment: Option<String>,
    version: i64,
}

/// The purged bookings with these ids.
pub(crate) async fn purged(
    conn: &mut MySqlConnection,
    ids: &BTreeSet<BookingId>,
    read: ReadMode,
) -> Result<BTreeMap<BookingId, Purged>, DbError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut sql = QueryBuilder::new(
        "select booking_id, hotel_id, user_id, status, late_payment, version from purged_bookings \
         where booking_id in ",
    );
    push_list(&mut sql, ids.iter().map(|id| id.uuid()));
    sql.push(" order by booking_id").push(read.for_update());
    let rows: Vec<PurgedRow> = sql.build_query_as().fetch_all(conn).await?;
    rows.into_iter().map(|row| Ok((BookingId::from_uuid(row.booking_id), row.read()?))).collect()
}

impl PurgedRow {
    fn read(self) -> Result<Purged, DbError> {
        let late = self.late_payment.as_deref().map(LatePayment::parse).transpose();
        Ok(Purged {
            booking_id: BookingId::from_uuid(self.booking_id),
            user_id: UserId::from_uuid(self.user_id),
            hotel_id: HotelId::from_uuid(self.hotel_id),
            status: BookingStatus::parse(&self.status).map_err(corrupt)?,
            late_payment: late.map_err(corrupt)?,
            version: self.version,
        })
    }
}

/// How many open holds each caller has.
pub(crate) async fn open_holds(
    conn: &mut MySqlConnection,
    holders: &BTreeSet<UserId>,
    now: Instant,
) -> Result<BTreeMap<UserId, u32>, DbError> {
    let mut counts = BTreeMap::new();
    let sql =
        "select count(*) from bookings where user_id = ? and status = 'RESERVED' and hold_expires_at > ?";
    for user in holders {
        let count: i64 =
            sqlx::query_scalar(sql).bind(user.uuid()).bind(now.naive_utc()).fetch_one(&mut *conn).await?;
        counts.insert(*user, u32::try_from(count).unwrap_or(u32::MAX));
    }
    Ok(counts)
}

/// A new booking; a used id, scope or reference makes the plan stale.
pub(crate) async fn insert(conn: &mut MySqlConnection, new: &NewBooking) -> Result<(), WriteError> {
    let sql = "insert into bookings (booking_id, hotel_id, user_id, start_date, end_date, status, hold_expires_at, \
               version, idempotency_scope, idempotency_hash, client_reference, payment_id, actor_kind, actor_id, \
               actor_subject, created_at, updated_at, facts) \
               values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let record = &new.record;
    sqlx::query(sql)
        .bind(record.booking_id.uuid())
        .bind(record.hotel_id.uuid())
        .bind(record.user_id.uuid())
        .bind(record.dates.start_date())
        .bind(record.dates.end_date())
        .bind(record.status.as_str())
        .bind(record.hold_expires_at.naive_utc())
        .bind(record.version)
        .bind(new.key.scope.bytes().as_slice())
        .bind(new.key.hash.bytes().as_slice())
        .bind(record.client_reference.as_ref().map(ClientReference::as_str))
        .bind(record.facts.payment_id.uuid())
        .bind(new.actor.kind.as_str())
        .bind(new.actor.user_id.map(UserId::uuid))
        .bind(new.actor.subject.as_deref())
        .bind(record.created_at.naive_utc())
        .bind(record.updated_at.naive_utc())
        .bind(facts(record)?)
        .execute(conn)
        .await?;
    Ok(())
}

/// A booking as it shall be, if it is still as it was.
pub(crate) async fn change(conn: &mut MySqlConnection, step: &Move) -> Result<(), WriteError> {
    match (step.home, &step.after) {
        (Home::Active, Some(after)) => update(conn, step, after).await,
        (Home::Active, None) => {
            let sql =
                "select version from bookings where booking_id = ? and status = ? and version = ? for update";
            still(conn, step, sql).await
        }
        (Home::Purged, Some(after)) => {
            let sql = "update purged_bookings set version = ?, late_payment = ?, updated_at = ? \
                       where booking_id = ? and status = ? and version = ?";
            let query = sqlx::query(sql)
                .bind(after.version)
                .bind(after.late_payment.map(LatePayment::as_str))
                .bind(after.updated_at.naive_utc())
                .bind(step.booking_id.uuid())
                .bind(step.from_status.as_str())
                .bind(step.from_version);
            exactly(conn, 1, query).await
        }
        (Home::Purged, None) => {
            let sql = "select version from purged_bookings where booking_id = ? and status = ? and version = ? \
                       for update";
            still(conn, step, sql).await
        }
    }
}

async fn update(conn: &mut MySqlConnection, step: &Move, after: &BookingRecord) -> Result<(), WriteError> {
    let sql = "update bookings set status = ?, status_reason = ?, late_payment = ?, invoice_id = ?, \
               cancelled_at = ?, version = ?, updated_at = ?, facts = ?, lease_until = null \
               where booking_id = ? and status = ? and version = ?";
    let query = sqlx::query(sql)
        .bind(after.status.as_str())
        .bind(after.status_reason.map(StatusReason::as_str))
        .bind(after.late_payment.map(LatePayment::as_str))
        .bind(after.invoice_id.map(InvoiceId::uuid))
        .bind(after.cancelled_at.map(Instant::naive_utc))
        .bind(after.version)
        .bind(after.updated_at.naive_utc())
        .bind(facts(after)?)
        .bind(step.booking_id.uuid())
        .bind(step.from_status.as_str())
        .bind(step.from_version);
    exactly(conn, 1, query).await
}

async fn still(conn: &mut MySqlConnection, step: &Move, sql: &'static str) -> Result<(), WriteError> {
    let query = sqlx::query_scalar(sql)
        .bind(step.booking_id.uuid())
        .bind(step.from_status.as_str())
        .bind(step.from_version);
    let there: Option<i64> = query.fetch_optional(conn).await?;
    there.map(drop).ok_or(WriteError::Stale)
}

fn facts(record: &BookingRecord) -> Result<Vec<u8>, WriteError> {
    serde_json::to_vec(&record.facts).map_err(|error| WriteError::Db(corrupt(error)))
}
