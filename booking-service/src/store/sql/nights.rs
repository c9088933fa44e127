//! The room-nights: read, made, taken, given back. Nothing else decides whether a room is sold.

use std::collections::{BTreeMap, BTreeSet};

use booking_core::{Night, NightDelta, RoomStock};
use chrono::NaiveDate;
use domain::{HotelId, RoomId, StayDates};
use platform::mysql::{DbError, Text};
use sqlx::{FromRow, MySqlConnection, QueryBuilder, mysql::MySqlRow};
use uuid::Uuid;

use super::{ReadMode, Script, WriteError, exactly, push_list};

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

/// These nights, as far as they are touched, in (room, date) order.
pub(crate) fn these(nights: &BTreeSet<At>, read: ReadMode) -> Text {
    let mut sql = Text::new(
        "select n.room_id, n.date, n.initial_quantity, n.available_quantity, n.overbooking_allowance from (values ",
    );
    sql.separated(nights, |sql, (room, date)| {
        sql.push("row").row(&[&room.uuid(), date]);
    });
    sql.push(
        ") as v (room_id, date) straight_join available_rooms n force index (primary) \
         on n.room_id = v.room_id and n.date = v.date",
    );
    if read == ReadMode::Locked {
        sql.push(" for update of n");
    }
    sql
}

/// All touched nights of a hotel's rooms over a stay.
pub(crate) fn of_hotel(hotel: HotelId, dates: StayDates) -> Text {
    let mut sql = Text::new(
        "select n.room_id, n.date, n.initial_quantity, n.available_quantity, n.overbooking_allowance \
         from room_stock s straight_join available_rooms n force index (primary) on n.room_id = s.room_id where s.hotel_id = ",
    );
    sql.value(&hotel.uuid()).push(" and n.date >= ").value(&dates.start_date());
    sql.push(" and n.date < ").value(&dates.end_date());
    sql
}

/// A row's night.
pub(crate) fn night(row: &MySqlRow) -> Result<(At, Night), DbError> {
    Ok(Row::from_row(row)?.read())
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
            ") as new (room_id, date, initial, available) straight_join available_rooms night force index (primary) \
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
    let mut sql = QueryBuilder::new(
        "select room_id, date from available_rooms force index (primary) where room_id in ",
    );
    push_list(&mut sql, rooms);
    sql.push(" and date between ").push_bind(first).push(" and ").push_bind(last);
    let rows: Vec<(Uuid, NaiveDate)> = sql.build_query_as().persistent(false).fetch_all(conn).await?;
    let there: BTreeSet<At> = rows.into_iter().map(|(room, date)| (RoomId::from_uuid(room), date)).collect();
    Ok(nights.difference(&there).copied().collect())
}

/// Makes rows for nights of rooms that are share-locked; one made meanwhile is left.
pub(crate) async fn insert(
    conn: &mut MySqlConnection,
    nights: &BTreeSet<At>,
    rooms: &BTreeMap<RoomId, RoomStock>,
) -> Result<(), DbError> {
    let known: Vec<_> = nights
        .iter()
        .filter_map(|at| rooms.get(&at.0).map(|stock| (at, stock.hotel_id, Night::untouched(stock))))
        .collect();
    if known.is_empty() {
        return Ok(());
    }
    let mut sql = QueryBuilder::new(
        "insert ignore into available_rooms (room_id, date, hotel_id, initial_quantity, available_quantity, \
         overbooking_allowance, version, created_at, updated_at) ",
    );
    sql.push_values(known, |mut row, ((room, date), hotel, night)| {
        row.push_bind(room.uuid())
            .push_bind(*date)
            .push_bind(hotel.uuid())
            .push_bind(night.initial)
            .push_bind(night.available)
            .push_bind(night.allowance)
            .push("1, utc_timestamp(6), utc_timestamp(6)");
    });
    sql.build().persistent(false).execute(conn).await?;
    Ok(())
}

/// Moves the nights, each under its guard, in (room, date) order. One statement for both directions: two of them would lock
/// nights in two orders, and deadlock with each other.
///
/// While a night stands above quantity and allowance, `initial_quantity` goes down first and only the rest becomes available
/// (domain.md, Stock rules). Available is assigned before initial, which it reads.
pub(crate) fn shift(script: &mut Script, nights: &BTreeMap<At, NightDelta>) {
    script.change(
        "update (values ",
        nights.iter().collect(),
        |sql, ((room, date), delta)| {
            sql.push("row").row(&[
                &room.uuid(),
                date,
                &delta.given_back,
                &delta.taken,
                &delta.room_quantity,
            ]);
        },
        ") as v (room_id, date, back, taken, quantity) \
         straight_join available_rooms n force index (primary) on n.room_id = v.room_id and n.date = v.date \
         set n.available_quantity = cast(n.available_quantity as signed) + v.back - v.taken \
           - least(v.back, greatest(0, cast(n.initial_quantity as signed) - v.quantity \
             - cast(n.overbooking_allowance as signed))), \
         n.initial_quantity = cast(n.initial_quantity as signed) \
           - least(v.back, greatest(0, cast(n.initial_quantity as signed) - v.quantity \
             - cast(n.overbooking_allowance as signed))), \
         n.version = n.version + 1, n.updated_at = utc_timestamp(6) \
         where cast(n.initial_quantity as signed) - cast(n.available_quantity as signed) >= v.back \
         and cast(n.available_quantity as signed) + v.back - least(v.back, greatest(0, \
           cast(n.initial_quantity as signed) - v.quantity - cast(n.overbooking_allowance as signed))) >= v.taken",
    );
}
