//! The room-nights: read, made, taken, given back. Nothing else decides whether a room is sold.

use std::collections::{BTreeMap, BTreeSet};

use booking_core::{Night, NightDelta, RoomStock};
use chrono::NaiveDate;
use domain::{RoomId, StayDates};
use platform::mysql::DbError;
use sqlx::{FromRow, MySqlConnection, QueryBuilder};
use uuid::Uuid;

use super::{ReadMode, WriteError, exactly, push_list};

/// Nights of one statement that sets them: bounds its size.
const NIGHTS_PER_STATEMENT: usize = 1_000;

/// A night of a room.
pub(crate) type At = (RoomId, NaiveDate);

#[derive(FromRow)]
struct Row {
    room_id: Uuid,
    date: NaiveDate,
    initial_quantity: u32,
    available_quantity: u32,
    overbooking_allowance: u32,
}

impl Row {
    fn read(self) -> (At, Night) {
        let night = Night {
            initial: self.initial_quantity,
            available: self.available_quantity,
            allowance: self.overbooking_allowance,
        };
        ((RoomId::from_uuid(self.room_id), self.date), night)
    }
}

/// The touched nights of these rooms over a stay, in (room, date) order.
pub(crate) async fn find(
    conn: &mut MySqlConnection,
    rooms: &BTreeSet<RoomId>,
    dates: StayDates,
    read: ReadMode,
) -> Result<Vec<(At, Night)>, DbError> {
    if rooms.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = QueryBuilder::new(
        "select room_id, date, initial_quantity, available_quantity, overbooking_allowance \
         from available_rooms where room_id in ",
    );
    push_list(&mut sql, rooms.iter().map(|room| room.uuid()));
    sql.push(" and date >= ").push_bind(dates.start_date());
    sql.push(" and date < ").push_bind(dates.end_date());
    sql.push(" order by room_id, date").push(read.for_update());
    let rows: Vec<Row> = sql.build_query_as().fetch_all(conn).await?;
    Ok(rows.into_iter().map(Row::read).collect())
}

/// The touched nights of rooms, each from a date on, locked.
pub(crate) async fn from(conn: &mut MySqlConnection, rooms: &[At]) -> Result<Vec<(At, Night)>, DbError> {
    let mut sql = QueryBuilder::new(
        "select room_id, date, initial_quantity, available_quantity, overbooking_allowance \
         from available_rooms where ",
    );
    let mut either = sql.separated(" or ");
    for (room, first) in rooms {
        either.push("room_id = ").push_bind_unseparated(room.uuid());
        either.push_unseparated(" and date >= ").push_bind_unseparated(*first);
    }
    sql.push(" order by room_id, date for update");
    let rows: Vec<Row> = sql.build_query_as().persistent(rooms.len() == 1).fetch_all(conn).await?;
    Ok(rows.into_iter().map(Row::read).collect())
}

/// Locked nights as they shall be, in (room, date) order.
pub(crate) async fn set(conn: &mut MySqlConnection, nights: &[(At, Night)]) -> Result<(), WriteError> {
    for nights in nights.chunks(NIGHTS_PER_STATEMENT) {
        let mut sql = QueryBuilder::new("update (values ");
        let mut rows = sql.separated(", ");
        for ((room, date), night) in nights {
            rows.push("row(cast(")
                .push_bind_unseparated(room.uuid())
                .push_unseparated(" as binary(16)), cast(");
            rows.push_bind_unseparated(*date).push_unseparated(" as date), cast(");
            rows.push_bind_unseparated(night.initial).push_unseparated(" as unsigned), cast(");
            rows.push_bind_unseparated(night.available).push_unseparated(" as unsigned))");
        }
        sql.push(
            ") as new (room_id, date, initial, available) straight_join available_rooms night \
             on night.room_id = new.room_id and night.date = new.date \
             set night.initial_quantity = new.initial, night.available_quantity = new.available, \
             night.version = night.version + 1, night.updated_at = utc_timestamp(6)",
        );
        let rows = u64::try_from(nights.len()).unwrap_or(u64::MAX);
        exactly(conn, rows, sql.build().persistent(false)).await?;
    }
    Ok(())
}

/// Those of the nights that have no row. Read without locks: an insert of one that is there would wait for whoever is
/// selling it.
pub(crate) async fn missing(
    conn: &mut MySqlConnection,
    nights: &BTreeSet<At>,
) -> Result<BTreeSet<At>, DbError> {
    let dates = || nights.iter().map(|(_, date)| *date);
    let (Some(first), Some(last)) = (dates().min(), dates().max()) else { return Ok(BTreeSet::new()) };
    let rooms: BTreeSet<Uuid> = nights.iter().map(|(room, _)| room.uuid()).collect();
    let mut sql = QueryBuilder::new("select room_id, date from available_rooms where room_id in ");
    push_list(&mut sql, rooms);
    sql.push(" and date between ").push_bind(first).push(" and ").push_bind(last);
    let rows: Vec<(Uuid, NaiveDate)> = sql.build_query_as().fetch_all(conn).await?;
    let there: BTreeSet<At> = rows.into_iter().map(|(room, date)| (RoomId::from_uuid(room), date)).collect();
    Ok(nights.difference(&there).copied().collect())
}

/// Makes rows for nights of rooms that are share-locked; one made meanwhile is left.
pub(crate) async fn insert(
    conn: &mut MySqlConnection,
    nights: &BTreeSet<At>,
    rooms: &BTreeMap<RoomId, RoomStock>,
) -> Result<(), DbError> {
    let known: Vec<_> =
        nights.iter().filter_map(|at| rooms.get(&at.0).map(|stock| (at, Night::untouched(stock)))).collect();
    if known.is_empty() {
        return Ok(());
    }
    let mut sql = QueryBuilder::new(
        "insert ignore into available_rooms (room_id, date, initial_quantity, available_quantity, \
         overbooking_allowance, version, created_at, updated_at) ",
    );
    sql.push_values(known, |mut row, ((room, date), night)| {
        row.push_bind(room.uuid())
            .push_bind(*date)
            .push_bind(night.initial)
            .push_bind(night.available)
            .push_bind(night.allowance)
            .push("1, utc_timestamp(6), utc_timestamp(6)");
    });
    sql.build().execute(conn).await?;
    Ok(())
}

/// Runs of one room's nights with the same delta, in (room, date) order: one statement each.
struct Run {
    room: RoomId,
    first: NaiveDate,
    last: NaiveDate,
    nights: u64,
    delta: NightDelta,
}

/// Moves the nights, each under its guard: as many rows must change as there are nights.
pub(crate) async fn shift(
    conn: &mut MySqlConnection,
    nights: &BTreeMap<At, NightDelta>,
) -> Result<(), WriteError> {
    for run in runs(nights) {
        if run.delta.given_back > 0 {
            give_back(conn, &run).await?;
        }
        if run.delta.taken > 0 {
            take(conn, &run).await?;
        }
    }
    Ok(())
}

fn runs(nights: &BTreeMap<At, NightDelta>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for ((room, date), delta) in nights {
        match runs.last_mut() {
            Some(run) if run.room == *room && run.delta == *delta && run.last.succ_opt() == Some(*date) => {
                run.last = *date;
                run.nights = run.nights.saturating_add(1);
            }
            Some(_) | None => {
                runs.push(Run { room: *room, first: *date, last: *date, nights: 1, delta: *delta });
            }
        }
    }
    runs
}

async fn take(conn: &mut MySqlConnection, run: &Run) -> Result<(), WriteError> {
    let sql = "update available_rooms set available_quantity = available_quantity - ?, version = version + 1, \
               updated_at = utc_timestamp(6) \
               where room_id = ? and date between ? and ? and available_quantity >= ?";
    let query = sqlx::query(sql)
        .bind(run.delta.taken)
        .bind(run.room.uuid())
        .bind(run.first)
        .bind(run.last)
        .bind(run.delta.taken);
    exactly(conn, run.nights, query).await
}

/// While the night stands above quantity and allowance, `initial_quantity` goes down first and only the rest becomes
/// available (domain.md, Stock rules). `MySQL` assigns from left to right: available before initial, which it reads.
async fn give_back(conn: &mut MySqlConnection, run: &Run) -> Result<(), WriteError> {
    let sql = "update available_rooms set \
               available_quantity = cast(available_quantity as signed) + ? - least(?, greatest(0, \
               cast(initial_quantity as signed) - ? - cast(overbooking_allowance as signed))), \
               initial_quantity = cast(initial_quantity as signed) - least(?, greatest(0, \
               cast(initial_quantity as signed) - ? - cast(overbooking_allowance as signed))), \
               version = version + 1, updated_at = utc_timestamp(6) \
               where room_id = ? and date between ? and ? and initial_quantity - available_quantity >= ?";
    let (units, quantity) = (i64::from(run.delta.given_back), i64::from(run.delta.room_quantity));
    let query = sqlx::query(sql)
        .bind(units)
        .bind(units)
        .bind(quantity)
        .bind(units)
        .bind(quantity)
        .bind(run.room.uuid())
        .bind(run.first)
        .bind(run.last)
        .bind(units);
    exactly(conn, run.nights, query).await
}
