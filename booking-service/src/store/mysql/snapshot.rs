//! Reads what decisions need, for one work or a thousand: one packet, and a second one where rooms or series are only known
//! once the bookings are.

mod found;
mod places;

use std::collections::BTreeSet;

use booking_core::{Digest, Snapshot, Wanted, invoice::Series, is_as_made};
use domain::BookingId;
use platform::mysql::{DbError, Packet, Reply, Text};
use sqlx::{MySqlConnection, mysql::MySqlRow};

use self::{found::Found, places::Places};
use crate::store::{
    FreshFacts,
    sql::{self, ReadMode, bookings, keys, money_rows, nights, papers, stock},
};

/// Puts a row to what was found.
type Take = Box<dyn Fn(&MySqlRow, &mut Found) -> Result<(), DbError> + Send + Sync>;

/// Statements with what their rows are.
#[derive(Default)]
struct Questions {
    packet: Packet,
    takes: Vec<Take>,
}

/// What the database says. Keys come last: who sees the rooms, the open hold or the reference of a request then also sees its
/// key, and a repeat is never refused by its own first try. Under locks all is read in the one lock order, keys first, and those
/// that nobody had used are looked for once more at the end: rooms may have been waited for, and the first try had them.
pub(super) async fn read(
    conn: &mut MySqlConnection,
    wanted: &Wanted,
    read: ReadMode,
    fresh: Option<&FreshFacts>,
) -> Result<Snapshot, DbError> {
    #[cfg(feature = "planted_faults")]
    let wanted = &*crate::mistakes::wanted(wanted);
    let mut found = Found::keeping(fresh);
    let stays = Places::of_stays(&wanted.stays);
    let young = young(wanted, read);
    let mut first = Questions::default();
    if read == ReadMode::Plain {
        first.now();
        first.places(&stays, read);
    } else {
        first.scopes(&wanted.scopes, read);
    }
    first.bookings(&wanted.bookings, read);
    let others = wanted.bookings.difference(&young).copied().collect();
    first.purged(&others, read);
    first.money(&others, read);
    first.held_before(wanted);
    // Without locks, and if no rooms are still to come, this is the end.
    let more = read == ReadMode::Locked || !wanted.rooms_of.is_empty();
    if !more {
        first.scopes(&wanted.scopes, read);
    }
    first.ask(conn, &mut found).await?;
    let mut second = Questions::default();
    second.money_of_young(&young, &found);
    if wanted.series && !young.is_empty() {
        // Which series are needed is known once the papers are.
        std::mem::take(&mut second).ask(conn, &mut found).await?;
    }
    let mut rest = if read == ReadMode::Plain { Places::default() } else { stays.clone() };
    rest.add_bookings(wanted.rooms_of.iter().filter_map(|id| found.record(*id)));
    let series = if wanted.series { found.series_needed(wanted) } else { BTreeSet::new() };
    second.series(&series, read);
    second.places(&rest, read);
    if read == ReadMode::Locked {
        // Locks may have been waited for.
        second.now();
    }
    if more {
        second.scopes(&found.unused(wanted), ReadMode::Plain);
    }
    second.ask(conn, &mut found).await?;
    let snapshot = found.snapshot(wanted, &[stays, rest])?;
    #[cfg(feature = "planted_faults")]
    let snapshot = crate::mistakes::read(wanted, snapshot);
    Ok(snapshot)
}

/// Those that are most likely as they were made. Whatever moves rooms takes two packets, and most of their money need not be
/// asked for in the second one. Under locks all is read in the one lock order.
fn young(wanted: &Wanted, read: ReadMode) -> BTreeSet<BookingId> {
    match read {
        ReadMode::Plain => wanted.bookings.intersection(&wanted.rooms_of).copied().collect(),
        ReadMode::Locked => BTreeSet::new(),
    }
}

impl Questions {
    fn put(
        &mut self,
        sql: &Text,
        take: impl Fn(&MySqlRow, &mut Found) -> Result<(), DbError> + Send + Sync + 'static,
    ) {
        self.packet.add(sql);
        self.takes.push(Box::new(take));
    }

    async fn ask(self, conn: &mut MySqlConnection, found: &mut Found) -> Result<(), DbError> {
        let replies: Vec<Reply> = self.packet.run(conn).await?;
        for (reply, take) in replies.iter().zip(&self.takes) {
            reply.rows.iter().try_for_each(|row| take(row, found))?;
        }
        Ok(())
    }

    fn now(&mut self) {
        self.put(&sql::select_now(), |row, found| {
            found.now = Some(sql::said_now(row)?);
            Ok(())
        });
    }

    /// Rooms, nights and hotels.
    fn places(&mut self, places: &Places, read: ReadMode) {
        if !places.rooms.is_empty() {
            self.put(&stock::these(&places.rooms, read), Found::take_room);
        }
        for (hotel, _) in &places.whole {
            self.put(&stock::of_hotel(*hotel), Found::take_room);
        }
        if !places.nights.is_empty() {
            self.put(&nights::these(&places.nights, read), Found::take_night);
        }
        for (hotel, dates) in &places.whole {
            self.put(&nights::of_hotel(*hotel, *dates), Found::take_night);
        }
        if !places.hotels.is_empty() {
            self.put(&stock::hotels(&places.hotels), Found::take_hotel);
        }
    }

    /// The active bookings. They come first: a booking goes from there to the purged ones, so whoever looks in this order finds
    /// it; and what becomes of its money after this raises the version that is read here.
    fn bookings(&mut self, ids: &BTreeSet<BookingId>, read: ReadMode) {
        if !ids.is_empty() {
            self.put(&bookings::by_ids(ids, read), |row, found| found.take_booking(row).map(drop));
        }
    }

    fn purged(&mut self, ids: &BTreeSet<BookingId>, read: ReadMode) {
        if !ids.is_empty() {
            self.put(&bookings::purged_by_ids(ids, read), Found::take_purged);
        }
    }

    fn money(&mut self, ids: &BTreeSet<BookingId>, read: ReadMode) {
        if ids.is_empty() {
            return;
        }
        for (sql, take) in money_rows::of(ids, read) {
            self.put(&sql, move |row, found| found.take_money(row, take));
        }
    }

    /// The payments of bookings that are as they were made, all money of those that are not, and what is purged of the others.
    fn money_of_young(&mut self, young: &BTreeSet<BookingId>, found: &Found) {
        let (as_made, others): (BTreeSet<_>, BTreeSet<_>) =
            young.iter().partition(|id| found.record(**id).is_some_and(is_as_made));
        if !as_made.is_empty() {
            let (sql, take) = money_rows::payments_of(&as_made, ReadMode::Plain);
            self.put(&sql, move |row, found| found.take_money(row, take));
        }
        self.purged(
            &others.iter().copied().filter(|id| found.record(*id).is_none()).collect(),
            ReadMode::Plain,
        );
        self.money(&others, ReadMode::Plain);
    }

    /// Open holds and references.
    fn held_before(&mut self, wanted: &Wanted) {
        if !wanted.holders.is_empty() {
            self.put(&bookings::open_holds(&wanted.holders), |row, found| {
                found.open_holds.extend([bookings::holds(row)?]);
                Ok(())
            });
        }
        if !wanted.references.is_empty() {
            self.put(&keys::references(&wanted.references), Found::take_reference);
        }
    }

    /// Who has used the keys: what a key finds is its booking's row, whole.
    fn scopes(&mut self, scopes: &BTreeSet<Digest>, read: ReadMode) {
        if scopes.is_empty() {
            return;
        }
        self.put(&keys::answers(scopes, read), |row, found| {
            found.keys.extend([keys::answer(row)?]);
            Ok(())
        });
        self.put(&bookings::by_scopes(scopes, read), |row, found| {
            found.take_booking_of_key(row)?;
            found.keys.extend([keys::of_booking(row, booking_core::KeyHolder::Booking)?]);
            Ok(())
        });
        self.put(&keys::of_purged(scopes), |row, found| {
            let (scope, used) = keys::of_booking(row, booking_core::KeyHolder::Purged)?;
            found.keys.entry(scope).or_insert(used);
            Ok(())
        });
    }

    fn series(&mut self, series: &BTreeSet<Series>, read: ReadMode) {
        if !series.is_empty() {
            self.put(&papers::last_numbers(series, read), |row, found| {
                found.series.extend([papers::last_number(row)?]);
                Ok(())
            });
        }
    }
}
