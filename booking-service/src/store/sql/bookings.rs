//! The bookings: read as records, inserted, moved under their guards.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use booking_core::{Digest, Home, NewBooking, Purged, plan::Move};
use domain::{
    BookingId, ClientReference, HotelId, Instant, InvoiceId, Money, Text as Note, UserId,
    booking::{BookingRecord, BookingStatus, LatePayment, StatusReason},
};
use platform::mysql::{DbError, Text};
use records::BookingRow;
use sqlx::{FromRow, Row as _, mysql::MySqlRow};
use uuid::Uuid;

use super::{NOW, ReadMode, Script, WriteError, corrupt};
use crate::rows::if_readable;

/// The bookings with these ids, in their order.
pub(crate) fn by_ids(ids: &BTreeSet<BookingId>, read: ReadMode) -> Text {
    let mut sql = Text::new("select ");
    sql.push(BookingRow::COLUMNS).push(" from bookings force index (primary) where booking_id in ");
    sql.list(ids.iter().map(|id| id.uuid())).push(" order by booking_id").push(read.for_update());
    sql
}

/// The bookings that were made under these keys, whole, and what tells the keys.
pub(crate) fn by_scopes(scopes: &BTreeSet<Digest>, read: ReadMode) -> Text {
    let mut sql = Text::new("select idempotency_scope, idempotency_hash, ");
    sql.push(BookingRow::COLUMNS).push(" from bookings force index (by_scope) where idempotency_scope in ");
    sql.list(scopes.iter().map(|scope| *scope.bytes())).push(read.for_update());
    sql
}

/// A row's booking: its id, and the record if it parses.
pub(crate) fn record(row: &MySqlRow) -> Result<(BookingId, Option<BookingRecord>), DbError> {
    let id: Uuid = row.try_get("booking_id")?;
    let read = BookingRecord::try_from(BookingRow::from_row(row)?);
    Ok((BookingId::from_uuid(id), if_readable("bookings", id, read)))
}

/// The facts in a row, as they stand there; none if they are no text: what of them nobody knows is not looked at when they are
/// parsed, and may not stop a batch.
pub(crate) fn facts_text(row: &MySqlRow) -> Option<&str> {
    std::str::from_utf8(row.try_get("facts").ok()?).ok()
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
pub(crate) fn purged_by_ids(ids: &BTreeSet<BookingId>, read: ReadMode) -> Text {
    let mut sql = Text::new(
        "select booking_id, hotel_id, user_id, status, late_payment, version from purged_bookings \
         force index (primary) where booking_id in ",
    );
    sql.list(ids.iter().map(|id| id.uuid())).push(" order by booking_id").push(read.for_update());
    sql
}

/// A row's purged booking: its id, and what is left of it if that can be read.
pub(crate) fn purged(row: &MySqlRow) -> Result<(BookingId, Option<Purged>), DbError> {
    let row = PurgedRow::from_row(row)?;
    let id = row.booking_id;
    Ok((BookingId::from_uuid(id), if_readable("purged_bookings", id, row.read())))
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

/// How many open holds each of these callers has.
pub(crate) fn open_holds(holders: &BTreeSet<UserId>) -> Text {
    let mut sql =
        Text::new("select user_id, count(*) as open from bookings force index (by_user) where user_id in ");
    sql.list(holders.iter().map(|user| user.uuid()));
    sql.push(" and status = 'RESERVED' and hold_expires_at > ").push(NOW).push(" group by user_id");
    sql
}

/// A row's caller and open holds.
pub(crate) fn holds(row: &MySqlRow) -> Result<(UserId, u32), DbError> {
    let (user, open): (Uuid, i64) = (row.try_get("user_id")?, row.try_get("open")?);
    Ok((UserId::from_uuid(user), u32::try_from(open).unwrap_or(u32::MAX)))
}

/// New bookings; a used id, scope or reference makes the plan stale. By scope, so that writers of the same keys meet in one
/// order.
pub(crate) fn insert(script: &mut Script, bookings: &[NewBooking]) -> Result<(), WriteError> {
    let mut new: Vec<(&NewBooking, Vec<u8>)> = Vec::with_capacity(bookings.len());
    for booking in bookings {
        let facts = facts(&booking.record)?;
        script.makes(booking.record.booking_id, Arc::from(facts.as_str()));
        new.push((booking, facts.into_bytes()));
    }
    new.sort_unstable_by_key(|(booking, _)| booking.key.scope);
    script.insert(
        "insert into bookings (booking_id, hotel_id, share, user_id, start_date, end_date, status, hold_expires_at, due_at, \
         version, idempotency_scope, idempotency_hash, client_reference, payment_id, actor_kind, actor_id, actor_subject, \
         created_at, updated_at, facts) values ",
        new,
        |sql, (new, facts)| {
            let record = &new.record;
            sql.row(&[
                &record.booking_id.uuid(),
                &record.hotel_id.uuid(),
                &record.hotel_id.share(),
                &record.user_id.uuid(),
                &record.dates.start_date(),
                &record.dates.end_date(),
                &record.status.as_str(),
                &record.hold_expires_at.naive_utc(),
                &record.due_at().naive_utc(),
                &record.version,
                new.key.scope.bytes(),
                new.key.hash.bytes(),
                &record.client_reference.as_ref().map(ClientReference::as_str),
                &record.facts.payment_id.uuid(),
                &new.actor.kind.as_str(),
                &new.actor.user_id.map(UserId::uuid),
                &new.actor.subject.as_deref(),
                &record.created_at.naive_utc(),
                &record.updated_at.naive_utc(),
                &facts,
            ]);
        },
    );
    Ok(())
}

/// Bookings as they shall be, each if it is still as it was.
pub(crate) fn change(script: &mut Script, moves: &[Move]) {
    let mut moves: Vec<&Move> = moves.iter().collect();
    moves.sort_unstable_by_key(|step| step.booking_id);
    let of = |home, changed: bool| {
        let all = moves.iter().copied();
        all.filter(move |step| step.home == home && step.after.is_some() == changed).collect::<Vec<_>>()
    };
    update(script, of(Home::Active, true));
    still(script, &of(Home::Active, false), "bookings");
    update_purged(script, of(Home::Purged, true));
    still(script, &of(Home::Purged, false), "purged_bookings");
}

/// From how many on bookings that change alike are named in a list: each costs a third less than as a row of values.
const ALIKE: usize = 8;

fn update(script: &mut Script, moves: Vec<&Move>) {
    let mut alike: BTreeMap<String, (Text, Vec<&Move>)> = BTreeMap::new();
    for step in moves {
        let Some(after) = &step.after else { continue };
        let change = changed(step, after);
        alike.entry(change.as_str().to_owned()).or_insert_with(|| (change, Vec::new())).1.push(step);
    }
    let (many, few): (Vec<_>, Vec<_>) = alike.into_values().partition(|(_, moves)| moves.len() >= ALIKE);
    for (change, moves) in many {
        // By the primary key: another index would be locked in another order, past rows of others.
        let mut sql = Text::new("update bookings force index (primary) set ");
        sql.append(&change).push(" and booking_id in ").list(moves.iter().map(|step| step.booking_id.uuid()));
        script.must_touch(&sql, moves.len());
    }
    let mut few: Vec<&Move> = few.into_iter().flat_map(|(_, moves)| moves).collect();
    few.sort_unstable_by_key(|step| step.booking_id);
    update_each(script, few);
}

/// What changes and under which guard, as a statement says it of many.
fn changed(step: &Move, after: &BookingRecord) -> Text {
    let mut sql = Text::new("status = ");
    sql.value(after.status.as_str());
    sql.push(", status_reason = ").value(&after.status_reason.map(StatusReason::as_str));
    sql.push(", late_payment = ").value(&after.late_payment.map(LatePayment::as_str));
    sql.push(", invoice_id = ").value(&after.invoice_id.map(InvoiceId::uuid));
    sql.push(", cancelled_at = ").value(&after.cancelled_at.map(Instant::naive_utc));
    sql.push(", penalty = ").value(&after.penalty.map(Money::amount));
    sql.push(", cancellation_note = ").value(&after.cancellation_note.as_ref().map(Note::as_str));
    sql.push(", version = ").value(&after.version);
    sql.push(", updated_at = ").value(&after.updated_at.naive_utc());
    sql.push(", due_at = ").value(&after.due_at().naive_utc());
    sql.push(" where status = ").value(step.from_status.as_str());
    sql.push(" and version = ").value(&step.from_version);
    sql
}

fn update_each(script: &mut Script, moves: Vec<&Move>) {
    script.change(
        "update (values ",
        moves,
        |sql, step| {
            let Some(after) = &step.after else { return };
            sql.push("row").row(&[
                &step.booking_id.uuid(),
                &step.from_status.as_str(),
                &step.from_version,
                &after.status.as_str(),
                &after.status_reason.map(StatusReason::as_str),
                &after.late_payment.map(LatePayment::as_str),
                &after.invoice_id.map(InvoiceId::uuid),
                &after.cancelled_at.map(Instant::naive_utc),
                &after.penalty.map(Money::amount),
                &after.cancellation_note.as_ref().map(Note::as_str),
                &after.version,
                &after.updated_at.naive_utc(),
                &after.due_at().naive_utc(),
            ]);
        },
        ") as v (booking_id, from_status, from_version, status, status_reason, late_payment, invoice_id, cancelled_at, \
         penalty, cancellation_note, version, updated_at, due_at) \
         straight_join bookings b force index (primary) on b.booking_id = v.booking_id \
         set b.status = v.status, b.status_reason = v.status_reason, b.late_payment = v.late_payment, \
         b.invoice_id = v.invoice_id, b.cancelled_at = v.cancelled_at, b.penalty = v.penalty, \
         b.cancellation_note = v.cancellation_note, b.version = v.version, b.updated_at = v.updated_at, \
         b.due_at = v.due_at where b.status = v.from_status and b.version = v.from_version",
    );
}

fn update_purged(script: &mut Script, moves: Vec<&Move>) {
    script.change(
        "update (values ",
        moves,
        |sql, step| {
            let Some(after) = &step.after else { return };
            sql.push("row").row(&[
                &step.booking_id.uuid(),
                &step.from_status.as_str(),
                &step.from_version,
                &after.version,
                &after.late_payment.map(LatePayment::as_str),
                &after.updated_at.naive_utc(),
            ]);
        },
        ") as v (booking_id, from_status, from_version, version, late_payment, updated_at) \
         straight_join purged_bookings b force index (primary) on b.booking_id = v.booking_id \
         set b.version = v.version, b.late_payment = v.late_payment, b.updated_at = v.updated_at \
         where b.status = v.from_status and b.version = v.from_version",
    );
}

/// These only have to stand as they were, until the end of the transaction.
fn still(script: &mut Script, moves: &[&Move], table: &'static str) {
    if moves.is_empty() {
        return;
    }
    let mut sql = Text::new("select count(*) from (values ");
    sql.separated(moves, |sql, step| {
        sql.push("row").row(&[&step.booking_id.uuid(), &step.from_status.as_str(), &step.from_version]);
    });
    sql.push(") as v (booking_id, status, version) straight_join ").push(table);
    sql.push(
        " b force index (primary) on b.booking_id = v.booking_id \
         where b.status = v.status and b.version = v.version for update of b",
    );
    script.must_count(&sql, moves.len());
}

fn facts(record: &BookingRecord) -> Result<String, WriteError> {
    serde_json::to_string(&*record.facts).map_err(|error| WriteError::Db(corrupt(error)))
}
