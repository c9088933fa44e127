//! Reads what a decision needs.

use std::collections::{BTreeMap, BTreeSet};

use booking_core::{Booking, Home, KeyHolder, Snapshot, Wanted, invoice::Series, snapshot::PurgedMoney};
use domain::{BookingId, HotelId, RoomId, StayDates, booking::BookingRecord};
use platform::mysql::DbError;
use sqlx::MySqlConnection;

use crate::store::sql::{self, ReadMode, bookings, keys, money_rows, nights, papers, stock};

/// Rooms over some nights; without rooms all of the hotel.
struct Place {
    hotel: HotelId,
    rooms: BTreeSet<RoomId>,
    dates: StayDates,
}

/// What the database says. Under locks in the one lock order; without, keys come last: who sees
/// the rooms, the open hold or the reference of a request then also sees its key, and a repeat is never refused by its own
/// first try.
pub(super) async fn read(
    conn: &mut MySqlConnection,
    wanted: &Wanted,
    read: ReadMode,
) -> Result<Snapshot, DbError> {
    let stays: Vec<Place> = wanted.stays.iter().map(Place::of_stay).collect();
    let mut snapshot = match read {
        ReadMode::Plain => proposal(conn, &stays).await?,
        ReadMode::Locked => Snapshot::empty(sql::now(conn).await?),
    };
    used(conn, &mut snapshot, wanted, read).await?;
    let known = existing(conn, &mut snapshot, wanted, read).await?;
    if wanted.series {
        let needed: BTreeSet<Series> = snapshot.bookings.values().flat_map(Series::needed).collect();
        snapshot.series = papers::last_numbers(conn, needed.into_iter(), read).await?;
    }
    let mut rest: Vec<Place> = known.iter().map(Place::of_booking).collect();
    if read == ReadMode::Locked {
        rest.extend(stays);
    }
    places(conn, &mut snapshot, &rest, read).await?;
    if read == ReadMode::Locked {
        // Locks may have been waited for.
        snapshot.now = sql::now(conn).await?;
    }
    Ok(snapshot)
}

/// The time and what there is to sell, in as few statements as there can be: this is read for every booking.
async fn proposal(conn: &mut MySqlConnection, stays: &[Place]) -> Result<Snapshot, DbError> {
    let [first, rest @ ..] = stays else { return Ok(Snapshot::empty(sql::now(conn).await?)) };
    let (now, hotel) = stock::hotel_now(conn, first.hotel).await?;
    let mut snapshot = Snapshot::empty(now);
    snapshot.hotels.extend(hotel.map(|hotel| (first.hotel, hotel)));
    if first.rooms.is_empty() {
        snapshot.rooms = stock::rooms_of(conn, first.hotel).await?;
        let rooms = snapshot.rooms.keys().copied().collect();
        snapshot.nights.extend(nights::find(conn, &rooms, first.dates, ReadMode::Plain).await?);
    } else {
        (snapshot.rooms, snapshot.nights) = stock::rooms_with_nights(conn, &first.rooms, first.dates).await?;
    }
    places(conn, &mut snapshot, rest, ReadMode::Plain).await?;
    Ok(snapshot)
}

/// Open holds, references, and last the keys.
async fn used(
    conn: &mut MySqlConnection,
    snapshot: &mut Snapshot,
    wanted: &Wanted,
    read: ReadMode,
) -> Result<(), DbError> {
    snapshot.open_holds = bookings::open_holds(conn, &wanted.holders, snapshot.now).await?;
    snapshot.references = keys::references(conn, &wanted.references).await?;
    snapshot.keys = keys::find(conn, &wanted.scopes, read).await?;
    Ok(())
}

/// Bookings, active and purged, with their money. Answers the active ones that a command may move; a booking that only
/// holds a key is for its repeat alone.
async fn existing(
    conn: &mut MySqlConnection,
    snapshot: &mut Snapshot,
    wanted: &Wanted,
    read: ReadMode,
) -> Result<Vec<BookingRecord>, DbError> {
    let ids: BTreeSet<BookingId> = wanted.bookings.iter().copied().chain(holders(snapshot)).collect();
    let records = bookings::find(conn, &ids, read).await?;
    let active: BTreeSet<BookingId> = records.iter().map(|record| record.booking_id).collect();
    let gone: BTreeSet<BookingId> = wanted.bookings.difference(&active).copied().collect();
    snapshot.purged = bookings::purged(conn, &gone, read).await?;
    let with_money: Vec<_> =
        wanted.bookings.intersection(&active).chain(snapshot.purged.keys()).map(|id| id.uuid()).collect();
    let mut money = money_rows::find(conn, &with_money, read).await?;
    let moved =
        records.iter().filter(|record| wanted.bookings.contains(&record.booking_id)).cloned().collect();
    snapshot.bookings =
        records.into_iter().map(|record| (record.booking_id, booking(record, &mut money))).collect();
    snapshot.purged_money = money;
    Ok(moved)
}

fn holders(snapshot: &Snapshot) -> Vec<BookingId> {
    let holder = |holder: &KeyHolder| match holder {
        KeyHolder::Booking(id) => Some(*id),
        KeyHolder::Purged(_) | KeyHolder::Answer(_) => None,
    };
    snapshot.keys.values().filter_map(|used| holder(&used.holder)).collect()
}

fn booking(record: BookingRecord, money: &mut BTreeMap<BookingId, PurgedMoney>) -> Booking {
    let rows = money.remove(&record.booking_id).unwrap_or_default();
    let PurgedMoney { payments, refunds, voids, invoice, credit_notes } = rows;
    Booking { record, home: Home::Active, payments, refunds, voids, invoice, credit_notes }
}

/// Hotels, rooms and touched nights: rooms of all places first, then nights.
async fn places(
    conn: &mut MySqlConnection,
    snapshot: &mut Snapshot,
    places: &[Place],
    read: ReadMode,
) -> Result<(), DbError> {
    let rooms: BTreeSet<RoomId> = places.iter().flat_map(|place| place.rooms.iter().copied()).collect();
    for place in places {
        snapshot.hotels.extend(
            stock::hotel(conn, place.hotel, ReadMode::Plain).await?.map(|hotel| (place.hotel, hotel)),
        );
        if place.rooms.is_empty() {
            snapshot.rooms.extend(stock::rooms_of(conn, place.hotel).await?);
        }
    }
    snapshot.rooms.extend(stock::rooms(conn, &rooms, read.for_share()).await?);
    for place in places {
        let all = snapshot.rooms.values().filter(|room| room.hotel_id == place.hotel);
        let rooms =
            if place.rooms.is_empty() { all.map(|room| room.room_id).collect() } else { place.rooms.clone() };
        snapshot.nights.extend(nights::find(conn, &rooms, place.dates, read).await?);
    }
    Ok(())
}

impl Place {
    fn of_stay(stay: &booking_core::WantedStay) -> Self {
        Self { hotel: stay.hotel_id, rooms: stay.rooms.clone(), dates: stay.dates }
    }

    fn of_booking(record: &BookingRecord) -> Self {
        let rooms = record.facts.lines.iter().map(|line| line.room_id).collect();
        Self { hotel: record.hotel_id, rooms, dates: record.dates }
    }
}
