//! Who holds what: rows that are there and do not come back when locked ones are skipped.

use std::collections::BTreeSet;

use booking_core::{Claim, Digest, RoomNight};
use chrono::NaiveDate;
use domain::{BookingId, RoomId};
use platform::mysql::{DbError, PacketTx, push_list};
use sqlx::{MySql, MySqlConnection, MySqlPool, QueryBuilder};
use uuid::Uuid;

use crate::store::StoreError;

/// Which of the claims others hold locked. Only if no row is, keys are looked for whose insert is not finished: such a row is
/// there for nobody yet, and only its key can be waited for.
pub(super) async fn look(pool: &MySqlPool, claims: &BTreeSet<Claim>) -> Result<BTreeSet<Claim>, StoreError> {
    let mut tx = PacketTx::begin(pool).await?;
    let looked = look_in(tx.conn(), claims).await;
    tx.rollback().await?;
    Ok(looked?)
}

async fn look_in(conn: &mut MySqlConnection, claims: &BTreeSet<Claim>) -> Result<BTreeSet<Claim>, DbError> {
    let mut held = BTreeSet::new();
    held.extend(rooms(conn, claims).await?.into_iter().map(Claim::Room));
    let (held_nights, absent) = nights(conn, claims).await?;
    held.extend(held_nights.into_iter().map(Claim::Night));
    held.extend(bookings(conn, claims).await?.into_iter().map(Claim::Booking));
    if held.is_empty() {
        // A night that is there and does not belong to anybody must not be locked by who only looks.
        let is_there = |claim: &&Claim| matches!(claim, Claim::Night(at) if !absent.contains(at));
        for claim in claims.iter().filter(|claim| !is_there(claim)) {
            if is_held(conn, claim).await? {
                held.insert(claim.clone());
            }
        }
    }
    Ok(held)
}

async fn rooms(conn: &mut MySqlConnection, claims: &BTreeSet<Claim>) -> Result<Vec<RoomId>, DbError> {
    let room = |claim: &Claim| if let Claim::Room(id) = claim { Some(id.uuid()) } else { None };
    let ids: Vec<Uuid> = claims.iter().filter_map(room).collect();
    // By the primary key: a shared lock on a covering index leaves the row itself alone.
    let sql = "select room_id from room_stock force index (primary) where room_id in ";
    let held = held(conn, sql, &ids, " for share skip locked").await?;
    Ok(held.into_iter().map(RoomId::from_uuid).collect())
}

async fn bookings(conn: &mut MySqlConnection, claims: &BTreeSet<Claim>) -> Result<Vec<BookingId>, DbError> {
    let booking = |claim: &Claim| if let Claim::Booking(id) = claim { Some(id.uuid()) } else { None };
    let ids: Vec<Uuid> = claims.iter().filter_map(booking).collect();
    let active = "select booking_id from bookings force index (primary) where booking_id in ";
    let mut found = held(conn, active, &ids, " for update skip locked").await?;
    let purged = "select booking_id from purged_bookings force index (primary) where booking_id in ";
    found.extend(held(conn, purged, &ids, " for update skip locked").await?);
    Ok(found.into_iter().map(BookingId::from_uuid).collect())
}

/// Those that are there, less those that come back.
async fn held(
    conn: &mut MySqlConnection,
    select: &'static str,
    ids: &[Uuid],
    skipping: &'static str,
) -> Result<BTreeSet<Uuid>, DbError> {
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut there = by_ids(conn, select, ids, "").await?;
    for free in by_ids(conn, select, ids, skipping).await? {
        there.remove(&free);
    }
    Ok(there)
}

async fn by_ids(
    conn: &mut MySqlConnection,
    select: &'static str,
    ids: &[Uuid],
    lock: &'static str,
) -> Result<BTreeSet<Uuid>, DbError> {
    let mut sql = QueryBuilder::new(select);
    push_list(&mut sql, ids.iter().copied());
    sql.push(lock);
    let found: Vec<Uuid> = sql.build_query_scalar().persistent(false).fetch_all(conn).await?;
    Ok(found.into_iter().collect())
}

/// The nights that somebody holds, and those that have no row: one may be making it.
async fn nights(
    conn: &mut MySqlConnection,
    claims: &BTreeSet<Claim>,
) -> Result<(BTreeSet<RoomNight>, BTreeSet<RoomNight>), DbError> {
    let night = |claim: &Claim| if let Claim::Night(at) = claim { Some(*at) } else { None };
    let asked: Vec<RoomNight> = claims.iter().filter_map(night).collect();
    if asked.is_empty() {
        return Ok(Default::default());
    }
    let mut there = these_nights(conn, &asked, "").await?;
    let absent = asked.iter().filter(|at| !there.contains(at)).copied().collect();
    for free in these_nights(conn, &asked, " for update skip locked").await? {
        there.remove(&free);
    }
    Ok((there, absent))
}

async fn these_nights(
    conn: &mut MySqlConnection,
    asked: &[RoomNight],
    lock: &'static str,
) -> Result<BTreeSet<RoomNight>, DbError> {
    let mut sql = QueryBuilder::new("select room_id, date from available_rooms where (room_id, date) in (");
    let mut list = sql.separated(", ");
    for (room, date) in asked {
        list.push("(").push_bind_unseparated(room.uuid());
        list.push_unseparated(", ").push_bind_unseparated(*date).push_unseparated(")");
    }
    sql.push(")").push(lock);
    let found: Vec<(Uuid, NaiveDate)> = sql.build_query_as().persistent(false).fetch_all(conn).await?;
    Ok(found.into_iter().map(|(room, date)| (RoomId::from_uuid(room), date)).collect())
}

/// Whether a row with this key is being inserted, changed or deleted by somebody.
async fn is_held(conn: &mut MySqlConnection, claim: &Claim) -> Result<bool, DbError> {
    for mut look in looks(claim) {
        let found: Result<Option<i64>, DbError> =
            look.build_query_scalar().fetch_optional(&mut *conn).await.map_err(DbError::from);
        match found {
            Ok(_) => {}
            Err(DbError::LockTimeout(_)) => return Ok(true),
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Statements that fail where somebody holds what is claimed. Rooms, nights and bookings are looked for many at once.
fn looks(claim: &Claim) -> Vec<QueryBuilder<MySql>> {
    let by_scope = |select, scope: &Digest| {
        let mut sql = QueryBuilder::new(select);
        sql.push_bind(scope.bytes().to_vec()).push(" for share nowait");
        sql
    };
    match claim {
        Claim::Scope(scope) => vec![
            by_scope("select 1 from bookings where idempotency_scope = ", scope),
            by_scope("select 1 from idempotency_keys where scope = ", scope),
        ],
        Claim::Reference(user, reference) => {
            let mut sql = QueryBuilder::new("select 1 from bookings where user_id = ");
            sql.push_bind(user.uuid()).push(" and client_reference = ").push_bind(reference.to_string());
            sql.push(" for share nowait");
            vec![sql]
        }
        Claim::Numbers(hotel) => {
            let mut sql = QueryBuilder::new("select 1 from invoice_counters where hotel_id = ");
            sql.push_bind(hotel.uuid()).push(" for share nowait");
            vec![sql]
        }
        Claim::Night((room, date)) => {
            let mut sql = QueryBuilder::new("select 1 from available_rooms where room_id = ");
            sql.push_bind(room.uuid()).push(" and date = ").push_bind(*date).push(" for share nowait");
            vec![sql]
        }
        Claim::Booking(_) | Claim::Holds(_) | Claim::Room(_) => Vec::new(),
    }
}
