//! Invariant 1: for every room-night from the hotel's today on, initial = available + held + booked.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{Days, NaiveDate};
use domain::{Instant, TimeZone, stay::MAX_NIGHTS};
use platform::causes::BoxError;
use sqlx::{FromRow, MySql, MySqlConnection, QueryBuilder};
use uuid::Uuid;

use super::{Check, Tally, bookings};
use crate::admin::Stores;

/// Hotels looked at together: bounds the nights in memory.
const HOTELS_AT_ONCE: u32 = 25;

pub(super) struct Nights;

#[async_trait]
impl Check for Nights {
    fn name(&self) -> &'static str {
        "nights"
    }

    fn promise(&self) -> &'static str {
        "each room-night: initial = available + held + booked, 0 <= available <= initial (1)"
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let now = stores.now().await?;
        let mut tally = Tally::new(stores.settings.audit.shown);
        let mut conn = stores.booking_as_of_now().await?;
        let mut after = Uuid::nil();
        loop {
            let hotels = hotels(&mut conn, after).await?;
            let Some(last) = hotels.last() else { break };
            after = last.hotel_id;
            let todays = todays(&hotels, now, &mut tally);
            of_hotels(&mut conn, &todays, &mut tally).await?;
        }
        orphans(&mut conn, &mut tally).await?;
        Ok(tally)
    }
}

#[derive(FromRow)]
struct Hotel {
    hotel_id: Uuid,
    time_zone: String,
}

#[derive(Debug, Clone, Copy, FromRow)]
#[expect(clippy::struct_field_names, reason = "named as the columns")]
struct Room {
    room_id: Uuid,
    hotel_id: Uuid,
    quantity: u32,
}

#[derive(Debug, Clone, Copy, FromRow)]
struct Night {
    room_id: Uuid,
    date: NaiveDate,
    initial_quantity: u32,
    available_quantity: u32,
    overbooking_allowance: u32,
}

type Sold = BTreeMap<(Uuid, NaiveDate), u32>;

async fn hotels(conn: &mut MySqlConnection, after: Uuid) -> Result<Vec<Hotel>, sqlx::Error> {
    let sql = "select hotel_id, time_zone from hotels_seen where hotel_id > ? order by hotel_id limit ?";
    sqlx::query_as(sql).bind(after).bind(HOTELS_AT_ONCE).fetch_all(conn).await
}

/// The day at each hotel. Nights of one whose zone cannot be read are not judged.
fn todays(hotels: &[Hotel], now: Instant, tally: &mut Tally) -> BTreeMap<Uuid, NaiveDate> {
    let mut todays = BTreeMap::new();
    for Hotel { hotel_id, time_zone } in hotels {
        match TimeZone::parse(time_zone) {
            Ok(zone) => drop(todays.insert(*hotel_id, zone.date_of(now))),
            Err(error) => tally.judge([format!("hotel {hotel_id} cannot be read: {error}")]),
        }
    }
    todays
}

async fn of_hotels(
    conn: &mut MySqlConnection,
    todays: &BTreeMap<Uuid, NaiveDate>,
    tally: &mut Tally,
) -> Result<(), BoxError> {
    let Some(first) = todays.values().min().copied() else { return Ok(()) };
    let mut sold = sold(conn, todays, first, tally).await?;
    let rooms = rooms(conn, todays.keys().copied()).await?;
    for night in nights(conn, rooms.keys().copied(), first).await? {
        let Some(room) = rooms.get(&night.room_id) else { continue };
        let taken = sold.remove(&(night.room_id, night.date)).unwrap_or(0);
        if todays.get(&room.hotel_id).is_some_and(|today| night.date >= *today) {
            tally.judge(judge(&night, room.quantity, taken));
        }
    }
    for ((room, date), units) in sold {
        tally.judge([format!("room {room} night {date}: {units} sold and no row of available_rooms")]);
    }
    Ok(())
}

/// What is wrong with a night of which `sold` units are held or booked.
fn judge(night: &Night, quantity: u32, sold: u32) -> Vec<String> {
    let Night { room_id, date, initial_quantity: initial, available_quantity: available, .. } = *night;
    let mut wrong = Vec::new();
    if available.checked_add(sold) != Some(initial) {
        wrong.push(format!(
            "room {room_id} night {date}: initial {initial}, available {available}, held and booked {sold}"
        ));
    }
    // domain.md, Stock rules.
    let stands = quantity.saturating_add(night.overbooking_allowance).max(sold);
    if initial != stands && wrong.is_empty() {
        wrong.push(format!(
            "room {room_id} night {date}: initial {initial} where quantity and sales make {stands}"
        ));
    }
    wrong
}

/// Units held and booked per night of these hotels, from each hotel's today on. Those of a booking that cannot be read are
/// missing.
async fn sold(
    conn: &mut MySqlConnection,
    todays: &BTreeMap<Uuid, NaiveDate>,
    first: NaiveDate,
    tally: &mut Tally,
) -> Result<Sold, sqlx::Error> {
    let mut sql = QueryBuilder::<MySql>::new(bookings::COLUMNS);
    sql.push(" where hotel_id in ");
    bookings::in_list(&mut sql, todays.keys().copied());
    let earliest = first.checked_sub_days(Days::new(u64::from(MAX_NIGHTS))).unwrap_or(first);
    sql.push(" and start_date > ").push_bind(earliest);
    sql.push(" and end_date > ").push_bind(first).push(" and status in ('RESERVED', 'BOOKED')");
    let rows: Vec<bookings::Row> = sql.build_query_as().fetch_all(conn).await?;
    let mut sold = Sold::new();
    for row in &rows {
        let today = todays.get(&row.hotel_id).copied().unwrap_or(first);
        let nights = row.start_date.iter_days().take_while(|date| *date < row.end_date);
        let facts = row.facts().map_err(|unreadable| tally.judge([unreadable]));
        for line in facts.into_iter().flat_map(|facts| facts.lines) {
            for date in nights.clone().filter(|date| *date >= today) {
                let units = sold.entry((line.room_id.uuid(), date)).or_default();
                *units = units.saturating_add(u32::from(line.quantity));
            }
        }
    }
    Ok(sold)
}

async fn rooms(
    conn: &mut MySqlConnection,
    hotels: impl Iterator<Item = Uuid>,
) -> Result<BTreeMap<Uuid, Room>, sqlx::Error> {
    let mut sql =
        QueryBuilder::<MySql>::new("select room_id, hotel_id, quantity from room_stock where hotel_id in ");
    bookings::in_list(&mut sql, hotels);
    let rows: Vec<Room> = sql.build_query_as().fetch_all(conn).await?;
    Ok(rows.into_iter().map(|room| (room.room_id, room)).collect())
}

async fn nights(
    conn: &mut MySqlConnection,
    rooms: impl Iterator<Item = Uuid>,
    first: NaiveDate,
) -> Result<Vec<Night>, sqlx::Error> {
    let mut sql = QueryBuilder::<MySql>::new(
        "select room_id, date, initial_quantity, available_quantity, overbooking_allowance from available_rooms \
         where room_id in ",
    );
    bookings::in_list(&mut sql, rooms);
    sql.push(" and date >= ").push_bind(first).push(" order by room_id, date");
    sql.build_query_as().fetch_all(conn).await
}

/// Nights of rooms and bookings of hotels that nobody has told us of.
async fn orphans(conn: &mut MySqlConnection, tally: &mut Tally) -> Result<(), BoxError> {
    let nights = "select distinct n.room_id from available_rooms n left join room_stock s on s.room_id = n.room_id \
                  where s.room_id is null";
    let rooms: Vec<Uuid> = sqlx::query_scalar(nights).fetch_all(&mut *conn).await?;
    for room in rooms {
        tally.breach(|| format!("room {room} has nights and is unknown"));
    }
    let bookings = "select distinct b.hotel_id from bookings b left join hotels_seen h on h.hotel_id = b.hotel_id \
                    where h.hotel_id is null";
    let hotels: Vec<Uuid> = sqlx::query_scalar(bookings).fetch_all(conn).await?;
    for hotel in hotels {
        tally.breach(|| format!("hotel {hotel} has bookings and is unknown"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn night(initial: u32, available: u32) -> Night {
        let date = NaiveDate::from_ymd_opt(2026, 12, 24).unwrap();
        Night {
            room_id: Uuid::nil(),
            date,
            initial_quantity: initial,
            available_quantity: available,
            overbooking_allowance: 0,
        }
    }

    #[test]
    fn a_night_adds_up_or_is_a_breach() {
        assert!(judge(&night(5, 3), 5, 2).is_empty());
        assert_eq!(judge(&night(5, 3), 5, 3).len(), 1);
        assert_eq!(judge(&night(5, 0), 5, 6).len(), 1);
    }

    #[test]
    fn a_night_oversold_by_a_lower_quantity_is_no_breach() {
        assert!(judge(&night(4, 0), 2, 4).is_empty());
        assert_eq!(judge(&night(5, 1), 2, 4).len(), 1);
    }
}
