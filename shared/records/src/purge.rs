//! The end of an archived booking in MySQL: noted as confirmed, then deleted exactly as it was read back, its keys kept.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDateTime, TimeDelta};
use domain::{BookingId, Instant, booking::BookingRecord};
use events::outbox::lane_of;
use platform::{
    mysql::{DbError, Packet, PacketTx, Reading, Reply, Text},
    planted::{Fault, Point, crash_at, makes},
};
use sqlx::{MySql, MySqlPool, QueryBuilder, Row as _};

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
    let id = archived.booking_id;
    Ok(match delete(pool, &BTreeMap::from([(id, archived)]), now).await? {
        Deleted::All => Purge::Done,
        Deleted::NoneAsOneIsUnsettled => Purge::NotSettled,
        Deleted::NoneAsOneIsOther if is_purged(pool, id).await? => Purge::AlreadyDone,
        Deleted::NoneAsOneIsOther => Purge::Changed,
    })
}

/// The same of many by one COMMIT: whether they are gone by it. If one of them has changed, is not settled or was purged before,
/// none is, and each is to be purged by itself.
pub async fn purge_all(pool: &MySqlPool, archived: &[&BookingRecord], now: Instant) -> Result<bool, DbError> {
    let archived = archived.iter().map(|record| (record.booking_id, *record)).collect();
    Ok(delete(pool, &archived, now).await? == Deleted::All)
}

/// Bookings as they were read back. In the order of their ids, in which all lock them.
type Archived<'a> = BTreeMap<BookingId, &'a BookingRecord>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deleted {
    All,
    /// Money, a paper or an event.
    NoneAsOneIsUnsettled,
    /// Not as it was read back, or not there.
    NoneAsOneIsOther,
}

async fn delete(pool: &MySqlPool, archived: &Archived<'_>, now: Instant) -> Result<Deleted, DbError> {
    if archived.is_empty() {
        return Ok(Deleted::All);
    }
    // Cheap, and spares the locks of what will stay for long.
    if !unsettled_among(pool, archived).await?.is_empty() {
        return Ok(Deleted::NoneAsOneIsUnsettled);
    }
    let mut tx = PacketTx::on(pool).await?;
    let replies = tx.run(deletes(archived, now)).await?;
    crash_at(Point::ArchiverAfterDelete);
    let done = deleted(&replies, archived)?;
    if done == Deleted::All {
        tx.commit().await?;
    } else {
        tx.rollback().await?;
    }
    Ok(done)
}

fn deleted(replies: &[Reply], archived: &Archived<'_>) -> Result<Deleted, DbError> {
    let [_answers, kept, gone, rest @ ..] = replies else { return Ok(Deleted::NoneAsOneIsOther) };
    let all = u64::try_from(archived.len()).unwrap_or(u64::MAX);
    if kept.affected != all || gone.affected != all {
        return Ok(Deleted::NoneAsOneIsOther);
    }
    // Only now nobody else holds the bookings: what was written under their locks meanwhile is seen.
    Ok(if unsettled_in(rest, archived)?.is_empty() { Deleted::All } else { Deleted::NoneAsOneIsUnsettled })
}

/// Their kept answers, their rows of `purged_bookings`, the bookings, and whether anything of them is open.
fn deletes(archived: &Archived<'_>, now: Instant) -> Packet {
    let mut packet = Packet::default();
    let mut answers = Text::new("delete k from ");
    as_read(&mut answers, archived);
    answers.push(" straight_join idempotency_keys k force index (by_booking) on k.booking_id = v.booking_id");
    packet.add(&answers);
    let now = now.naive_utc();
    let mut keys = Text::new(
        "insert into purged_bookings (booking_id, hotel_id, user_id, client_reference, idempotency_scope, \
           idempotency_hash, payment_id, invoice_id, status, late_payment, start_date, end_date, version, actor_kind, \
           actor_id, actor_subject, created_at, purged_at, updated_at) \
         select b.booking_id, b.hotel_id, b.user_id, b.client_reference, b.idempotency_scope, b.idempotency_hash, \
           b.payment_id, b.invoice_id, b.status, b.late_payment, b.start_date, b.end_date, b.version, b.actor_kind, \
           b.actor_id, b.actor_subject, b.created_at, ",
    );
    keys.value(&now).push(", ").value(&now).push(" from ");
    as_read(&mut keys, archived).push(STILL_SO);
    packet.add(&keys);
    let mut bookings = Text::new("delete b from ");
    as_read(&mut bookings, archived).push(STILL_SO);
    packet.add(&bookings);
    ask_for_unsettled(&mut packet, archived);
    packet
}

/// Joins the bookings that are as they were read back.
const STILL_SO: &str = " straight_join bookings b force index (primary) on b.booking_id = v.booking_id \
                        where b.version = v.version and b.status = v.status";

/// What was read back, as a table.
fn as_read<'t>(sql: &'t mut Text, archived: &Archived<'_>) -> &'t mut Text {
    sql.push("(values ");
    sql.separated(archived.values(), |sql, record| {
        sql.push("row").row(&[&record.booking_id.uuid(), &record.version, &record.status.as_str()]);
    });
    sql.push(") as v (booking_id, version, status)")
}

/// An event is written this soon after the moment at which it was decided, or never.
const EVENT_FOLLOWS_WITHIN: TimeDelta = TimeDelta::seconds(60);

/// Tables of money and papers, and which of their rows keep a booking.
const KEEP: [(&str, &str); 5] = [
    ("payments", "status in ('in_review', 'refund_due')"),
    ("refunds", "status <> 'succeeded'"),
    ("voids", "status in ('owed', 'sent', 'failed')"),
    ("invoices", "number is null"),
    ("credit_notes", "number is null"),
];

/// Those of these bookings that are not settled: money is open, a paper has no number or an event is unpublished. Right needed:
/// SELECT.
pub async fn unsettled(pool: &MySqlPool, of: &[&BookingRecord]) -> Result<BTreeSet<BookingId>, DbError> {
    unsettled_among(pool, &of.iter().map(|record| (record.booking_id, *record)).collect()).await
}

async fn unsettled_among(pool: &MySqlPool, of: &Archived<'_>) -> Result<BTreeSet<BookingId>, DbError> {
    if of.is_empty() {
        return Ok(BTreeSet::new());
    }
    let (mut reading, mut packet) = (Reading::on(pool).await?, Packet::default());
    ask_for_unsettled(&mut packet, of);
    let replies = packet.run(reading.conn()).await;
    reading.end();
    unsettled_in(&replies?, of)
}

/// Two questions: whose money and papers are open, and what waits in the lanes.
fn ask_for_unsettled(packet: &mut Packet, of: &Archived<'_>) {
    let mut money = Text::new("");
    for (table, keeps) in KEEP {
        money.push(if money.as_str().is_empty() { "" } else { " union all " });
        money.push("select booking_id from ").push(table).push(" where booking_id in ");
        money.list(of.keys().map(|id| id.uuid())).push(" and ").push(keeps);
    }
    packet.add(&money);
    let lanes: BTreeSet<u8> = of.values().map(|record| lane_of(record.hotel_id)).collect();
    let mut waiting = Text::new(
        "select lanes.lane, (select o.created_at from outbox o where o.lane = lanes.lane and o.published_at is null \
         order by o.outbox_id limit 1) as first_waiting, exists (select 1 from dev_clock where offset_us <> 0) as moved \
         from (values ",
    );
    waiting.separated(lanes, |sql, lane| {
        sql.push("row").row(&[&lane]);
    });
    packet.add(waiting.push(") as lanes (lane)"));
}

/// Of the outbox only a lane's first waiting row is read, however far behind the relay is: where that one is younger than the
/// booking's last change, the booking's own events have been published. A row is younger than what it tells, so more than that
/// is asked for; and under a moved test clock, by which bookings change and rows are not dated, an empty lane.
fn unsettled_in(replies: &[Reply], of: &Archived<'_>) -> Result<BTreeSet<BookingId>, DbError> {
    if makes(Fault::PurgeByStatusOnly) {
        return Ok(BTreeSet::new());
    }
    let [money, lanes] = replies else { return Ok(of.keys().copied().collect()) };
    let mut unsettled = BTreeSet::new();
    for row in &money.rows {
        unsettled.insert(BookingId::from_uuid(row.try_get("booking_id")?));
    }
    for row in &lanes.rows {
        let (lane, moved): (i64, i64) = (row.try_get("lane")?, row.try_get("moved")?);
        let Some(first): Option<NaiveDateTime> = row.try_get("first_waiting")? else { continue };
        let waits = |record: &BookingRecord| {
            i64::from(lane_of(record.hotel_id)) == lane
                && (moved != 0 || first <= record.updated_at.plus(EVENT_FOLLOWS_WITHIN).naive_utc())
        };
        unsettled.extend(of.iter().filter(|(_, record)| waits(record)).map(|(id, _)| *id));
    }
    Ok(unsettled)
}

async fn is_purged(pool: &MySqlPool, id: BookingId) -> Result<bool, sqlx::Error> {
    let sql = "select count(*) from purged_bookings where booking_id = ?";
    let rows: i64 = sqlx::query_scalar(sql).bind(id.uuid()).fetch_one(pool).await?;
    Ok(rows == 1)
}
