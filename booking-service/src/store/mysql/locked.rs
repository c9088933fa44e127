//! Who holds what: rows that are there and do not come back when locked ones are skipped.

mod keys;

use std::collections::BTreeSet;

use booking_core::{Claim, RoomNight};
use chrono::NaiveDate;
use domain::{BookingId, RoomId};
use platform::mysql::{DbError, Packet, PacketTx, Reply, Text};
use sqlx::{MySqlConnection, MySqlPool, Row as _};
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
    let looks = looks(claims);
    let mut packet = Packet::default();
    for look in &looks {
        packet.add(&look.statement(""));
        packet.add(&look.statement(look.skipping));
    }
    let replies = packet.run(conn).await?;
    let (mut held, mut there) = (BTreeSet::new(), BTreeSet::new());
    for (look, replies) in looks.iter().zip(replies.chunks(2)) {
        let [all, free] = replies else { continue };
        let (all, free) = (look.read(all)?, look.read(free)?);
        held.extend(all.difference(&free).map(|(_, claim)| claim.clone()));
        there.extend(all.into_iter().map(|(_, claim)| claim));
    }
    if held.is_empty() {
        // A night that is there and does not belong to anybody must not be locked by who only looks.
        let is_there = |claim: &Claim| matches!(claim, Claim::Night(_)) && there.contains(claim);
        held = keys::look(conn, claims.iter().filter(|claim| !is_there(claim)).collect()).await?;
    }
    Ok(held)
}

/// A look at rows of one table.
struct Look {
    /// Reads a row's id, and what tells whose it is.
    select: Text,
    skipping: &'static str,
    /// The claim that a row of that id stands for.
    claim: fn(&sqlx::mysql::MySqlRow) -> Result<Claim, sqlx::Error>,
}

/// Rows, each by its id, with the claims that they stand for.
type Rows = BTreeSet<(Uuid, Claim)>;

impl Look {
    fn statement(&self, lock: &'static str) -> Text {
        let mut sql = self.select.clone();
        sql.push(lock);
        sql
    }

    fn read(&self, reply: &Reply) -> Result<Rows, DbError> {
        let row = |row| Ok((sqlx::Row::try_get(row, "id")?, (self.claim)(row)?));
        reply.rows.iter().map(row).collect::<Result<_, sqlx::Error>>().map_err(DbError::from)
    }
}

/// Shared, as batches lock rooms: who sells the same room is in nobody's way. By the primary key: a shared lock on a covering
/// index leaves the row itself alone.
const ROOMS: &str = "select room_id as id from room_stock force index (primary) where room_id in ";

/// What a booking's works read under locks or change, each row with its booking: a booking is held by who holds its money.
const OF_BOOKINGS: [&str; 5] = [
    "select booking_id as id, booking_id from bookings force index (primary) where booking_id in ",
    "select booking_id as id, booking_id from purged_bookings force index (primary) where booking_id in ",
    "select payment_id as id, booking_id from payments force index (by_capture) where booking_id in ",
    "select refund_id as id, booking_id from refunds force index (by_booking) where booking_id in ",
    "select void_id as id, booking_id from voids force index (by_booking) where booking_id in ",
];

/// Looks at all rows that the claims name, and only at tables of which they name any.
fn looks(claims: &BTreeSet<Claim>) -> Vec<Look> {
    let room = |claim: &Claim| if let Claim::Room(id) = claim { Some(id.uuid()) } else { None };
    let booking = |claim: &Claim| if let Claim::Booking(id) = claim { Some(id.uuid()) } else { None };
    let rooms: Vec<Uuid> = claims.iter().filter_map(room).collect();
    let bookings: Vec<Uuid> = claims.iter().filter_map(booking).collect();
    let mut looks = Vec::new();
    if !rooms.is_empty() {
        let claim = |row: &_| Ok(Claim::Room(RoomId::from_uuid(sqlx::Row::try_get(row, "id")?)));
        looks.push(Look { select: by_ids(ROOMS, &rooms), skipping: " for share skip locked", claim });
    }
    for select in OF_BOOKINGS.into_iter().filter(|_| !bookings.is_empty()) {
        let select = by_ids(select, &bookings);
        looks.push(Look { select, skipping: " for update skip locked", claim: booking_of });
    }
    looks.extend(look_at_nights(claims));
    looks
}

fn booking_of(row: &sqlx::mysql::MySqlRow) -> Result<Claim, sqlx::Error> {
    Ok(Claim::Booking(BookingId::from_uuid(row.try_get("booking_id")?)))
}

fn by_ids(select: &'static str, ids: &[Uuid]) -> Text {
    let mut sql = Text::new(select);
    sql.list(ids);
    sql
}

fn look_at_nights(claims: &BTreeSet<Claim>) -> Option<Look> {
    let nights: Vec<RoomNight> = claims.iter().filter_map(night).collect();
    let claim = |row: &sqlx::mysql::MySqlRow| {
        let (room, date): (Uuid, NaiveDate) = (row.try_get("id")?, row.try_get("date")?);
        Ok(Claim::Night((RoomId::from_uuid(room), date)))
    };
    let select = || nights_from("select n.room_id as id, n.date from ", &nights);
    (!nights.is_empty()).then(|| Look { select: select(), skipping: " for update of n skip locked", claim })
}

const fn night(claim: &Claim) -> Option<RoomNight> {
    if let Claim::Night(at) = claim { Some(*at) } else { None }
}

/// Each looked up by its key, however many they are and however small the server thinks that the table is.
fn nights_from(select: &'static str, nights: &[RoomNight]) -> Text {
    let mut sql = Text::new(select);
    sql.push("(values ").separated(nights, |sql, (room, date)| {
        sql.push("row").row(&[&room.uuid(), date]);
    });
    sql.push(
        ") as v (room_id, date) straight_join available_rooms n force index (primary) \
         on n.room_id = v.room_id and n.date = v.date",
    );
    sql
}
