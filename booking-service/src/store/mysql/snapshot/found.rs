//! What was read, until it is a snapshot.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use booking_core::{
    Booking, Digest, Home, KeyUse, Night, Purged, RoomNight, RoomStock, SeenHotel, Snapshot, Unreadable,
    Wanted, invoice::Series, snapshot::PurgedMoney,
};
use domain::{BookingId, ClientReference, HotelId, Instant, RoomId, UserId, booking::BookingRecord};
use platform::mysql::DbError;
use sqlx::mysql::MySqlRow;

use super::places::Places;
use crate::{
    rows::if_readable,
    store::{
        FreshFacts,
        sql::{
            bookings, corrupt,
            keys::{self, Reference},
            money_rows, nights, stock,
        },
    },
};

/// What was read.
#[derive(Default)]
pub(super) struct Found {
    /// Whoever tells of the bookings next.
    fresh: Option<FreshFacts>,
    pub(super) now: Option<Instant>,
    pub(super) keys: BTreeMap<Digest, KeyUse>,
    references: BTreeMap<(UserId, ClientReference), BookingId>,
    pub(super) open_holds: BTreeMap<UserId, u32>,
    hotels: BTreeMap<HotelId, SeenHotel>,
    purged: BTreeMap<BookingId, Purged>,
    pub(super) series: BTreeMap<Series, u32>,
    records: BTreeMap<BookingId, BookingRecord>,
    money: BTreeMap<BookingId, PurgedMoney>,
    unreadable: BTreeSet<Unreadable>,
    rooms: BTreeMap<RoomId, RoomStock>,
    nights: BTreeMap<RoomNight, Night>,
}

impl Found {
    /// Nothing yet. The facts of bookings are also kept there.
    pub(super) fn keeping(fresh: Option<&FreshFacts>) -> Self {
        Self { fresh: fresh.cloned(), ..Self::default() }
    }

    /// What does not parse is named, here and below: the others are decided all the same.
    pub(super) fn take_room(row: &MySqlRow, found: &mut Self) -> Result<(), DbError> {
        match stock::room(row)? {
            (id, Some(room)) => drop(found.rooms.insert(id, room)),
            (id, None) => drop(found.unreadable.insert(Unreadable::Room(id))),
        }
        Ok(())
    }

    pub(super) fn take_hotel(row: &MySqlRow, found: &mut Self) -> Result<(), DbError> {
        match stock::seen_hotel(row)? {
            (id, Some(hotel)) => drop(found.hotels.insert(id, hotel)),
            (id, None) => drop(found.unreadable.insert(Unreadable::Hotel(id))),
        }
        Ok(())
    }

    pub(super) fn take_night(row: &MySqlRow, found: &mut Self) -> Result<(), DbError> {
        found.nights.extend([nights::night(row)?]);
        Ok(())
    }

    pub(super) fn take_purged(row: &MySqlRow, found: &mut Self) -> Result<(), DbError> {
        match bookings::purged(row)? {
            (id, Some(purged)) => drop(found.purged.insert(id, purged)),
            (id, None) => drop(found.unreadable.insert(Unreadable::Booking(id))),
        }
        Ok(())
    }

    pub(super) fn take_booking(&mut self, row: &MySqlRow) -> Result<(), DbError> {
        let (id, record) = bookings::record(row)?;
        let text = || record.as_ref().and(bookings::facts_text(row));
        if let Some((fresh, text)) = self.fresh.as_ref().and_then(|fresh| Some((fresh, text()?))) {
            fresh.keep(id, Arc::from(text));
        }
        match record {
            Some(record) => drop(self.records.insert(id, record)),
            None => drop(self.unreadable.insert(Unreadable::Booking(id))),
        }
        Ok(())
    }

    /// What a key finds. It never stands for what was read by its name: the money of that was read after it, so that what
    /// comes between raises the version that the write guards. This one is read after the money.
    pub(super) fn take_booking_of_key(&mut self, row: &MySqlRow) -> Result<(), DbError> {
        let (id, record) = bookings::record(row)?;
        match record {
            Some(record) => {
                self.records.entry(id).or_insert(record);
            }
            None => drop(self.unreadable.insert(Unreadable::Booking(id))),
        }
        Ok(())
    }

    /// A booking whose reference does not parse does not either; but the name is used, as the unique key would say.
    pub(super) fn take_reference(row: &MySqlRow, found: &mut Self) -> Result<(), DbError> {
        let Reference { name, booking, is_sound } = keys::reference(row)?;
        found.references.extend(name.map(|name| (name, booking)));
        if !is_sound {
            found.unreadable.insert(Unreadable::Booking(booking));
        }
        Ok(())
    }

    /// A booking whose money does not parse does not either.
    pub(super) fn take_money(&mut self, row: &MySqlRow, take: money_rows::Take) -> Result<(), DbError> {
        let id = money_rows::booking(row)?;
        let taken = take(row, self.money.entry(id).or_default());
        if if_readable("money", id.uuid(), taken).is_none() {
            self.unreadable.insert(Unreadable::Booking(id));
        }
        Ok(())
    }

    /// An active booking, as far as it was read.
    pub(super) fn record(&self, id: BookingId) -> Option<&BookingRecord> {
        self.records.get(&id)
    }

    /// The active bookings that were asked for by name. One that only holds a key is for its repeat alone.
    pub(super) fn named(&self, wanted: &Wanted) -> impl Iterator<Item = &BookingRecord> {
        wanted.bookings.iter().filter_map(|id| self.records.get(id))
    }

    /// The keys that nobody has used.
    pub(super) fn unused(&self, wanted: &Wanted) -> BTreeSet<Digest> {
        wanted.scopes.iter().filter(|scope| !self.keys.contains_key(scope)).copied().collect()
    }

    /// The series of the unnumbered papers of these bookings.
    pub(super) fn series_needed(&self, wanted: &Wanted) -> BTreeSet<Series> {
        let bookings = self.named(wanted).map(|record| self.booking(record.clone()));
        bookings.flat_map(|booking| Series::needed(&booking)).collect()
    }

    fn booking(&self, record: BookingRecord) -> Booking {
        let money = self.money.get(&record.booking_id).cloned().unwrap_or_default();
        let PurgedMoney { payments, refunds, voids, invoice, credit_notes } = money;
        Booking { record, home: Home::Active, payments, refunds, voids, invoice, credit_notes }
    }

    /// With the nights that were looked for and nobody has touched yet, and callers who hold nothing.
    pub(super) fn snapshot(mut self, wanted: &Wanted, places: &[Places]) -> Result<Snapshot, DbError> {
        let mut snapshot = Snapshot::empty(self.now.ok_or_else(|| corrupt("no time was told"))?);
        let unreadable = |id| self.unreadable.contains(&Unreadable::Booking(id));
        let readable = self.records.values().filter(|record| !unreadable(record.booking_id));
        snapshot.bookings =
            readable.map(|record| (record.booking_id, self.booking(record.clone()))).collect();
        self.purged.retain(|id, _| !self.records.contains_key(id));
        let purged_money = self.money.into_iter().filter(|(id, _)| self.purged.contains_key(id));
        snapshot.purged_money = purged_money.collect();
        snapshot.purged = self.purged;
        snapshot.unreadable = self.unreadable;
        snapshot.open_holds = wanted.holders.iter().map(|user| (*user, 0)).collect();
        snapshot.open_holds.extend(self.open_holds);
        for place in places {
            snapshot.nights.extend(place.nights.iter().map(|at| (*at, None)));
            for (hotel, dates) in &place.whole {
                let rooms = self.rooms.values().filter(|room| room.hotel_id == *hotel);
                let nights = rooms.flat_map(|room| dates.nights().map(|date| ((room.room_id, date), None)));
                snapshot.nights.extend(nights);
            }
        }
        let known = self.nights.into_iter().filter(|(at, _)| snapshot.nights.contains_key(at));
        let known: Vec<_> = known.map(|(at, night)| (at, Some(night))).collect();
        snapshot.nights.extend(known);
        (snapshot.keys, snapshot.references, snapshot.series) = (self.keys, self.references, self.series);
        (snapshot.hotels, snapshot.rooms) = (self.hotels, self.rooms);
        Ok(snapshot)
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, MySqlPool};

    use super::*;

    async fn row(pool: &MySqlPool, id: BookingId) -> MySqlRow {
        let sql = bookings::by_ids(&[id].into(), crate::store::sql::ReadMode::Plain);
        sqlx::raw_sql(AssertSqlSafe(sql.as_str().to_owned())).fetch_one(pool).await.unwrap()
    }

    /// A callback may be committed between the two reads, and its payment be read by neither.
    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_key_finds_never_stands_for_what_was_read_by_its_name() {
        let lease = testkit::mysql::booking().await;
        let record = testkit::booking::record();
        let (id, version) = (record.booking_id, record.version);
        testkit::booking::insert(&lease.pool, &record).await;
        let mut found = Found::default();
        found.take_booking(&row(&lease.pool, id).await).unwrap();
        let booked = "update bookings set version = version + 1";
        sqlx::query(booked).execute(&lease.pool).await.unwrap();
        let by_key = row(&lease.pool, id).await;
        found.take_booking_of_key(&by_key).unwrap();
        assert_eq!(found.records[&id].version, version);
        let mut alone = Found::default();
        alone.take_booking_of_key(&by_key).unwrap();
        assert_eq!(alone.records[&id].version, version + 1);
    }

    /// What nobody knows of the facts is not looked at when they are parsed.
    #[tokio::test(flavor = "multi_thread")]
    async fn facts_that_are_no_text_stop_no_batch_and_are_not_kept() {
        let lease = testkit::mysql::booking().await;
        let (whole, odd) = (testkit::booking::record(), testkit::booking::record());
        for record in [&whole, &odd] {
            testkit::booking::insert(&lease.pool, record).await;
        }
        let unknown = "update bookings set facts = concat(left(facts, length(facts) - 1), ',\"unknown\":\"', x'ff', '\"}') \
                       where booking_id = ?";
        sqlx::query(unknown).bind(odd.booking_id.uuid()).execute(&lease.pool).await.unwrap();
        let fresh = FreshFacts::default();
        let mut found = Found::keeping(Some(&fresh));
        for record in [&whole, &odd] {
            found.take_booking(&row(&lease.pool, record.booking_id).await).unwrap();
            assert_eq!(found.records[&record.booking_id].facts, record.facts);
        }
        assert!(fresh.take(whole.booking_id).is_some());
        assert!(fresh.take(odd.booking_id).is_none());
    }
}
