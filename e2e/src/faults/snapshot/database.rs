//! The booking database, by SQL of our own.

use chrono::{NaiveDate, NaiveDateTime};
use e2e::{failed::Failed, world::World};
use sqlx::{MySqlPool, mysql::MySqlPoolOptions};
use uuid::Uuid;

use super::{Booking, Logged, Night, Payment, Place, Snapshot};
use crate::faults::history::Micros;

/// The database, to look into.
#[derive(Debug, Clone)]
pub(crate) struct Database(MySqlPool);

/// What is still to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) holds: i64,
    pub(crate) voids: i64,
    pub(crate) refunds: i64,
    pub(crate) untold: i64,
    pub(crate) unnumbered: i64,
    /// Stays that are over for a day and more, and not completed.
    pub(crate) uncompleted: i64,
}

impl Left {
    /// All is done.
    pub(crate) const NOTHING: Self =
        Self { holds: 0, voids: 0, refunds: 0, untold: 0, unnumbered: 0, uncompleted: 0 };

    /// The same, with holds that may be open.
    pub(crate) const fn with_holds(self) -> Self {
        Self { holds: i64::MAX, ..self }
    }

    /// Whether nothing is left that was not before.
    pub(crate) const fn within(self, before: Self) -> bool {
        self.holds <= before.holds
            && self.voids <= before.voids
            && self.refunds <= before.refunds
            && self.untold <= before.untold
            && self.unnumbered <= before.unnumbered
            && self.uncompleted <= before.uncompleted
    }
}

fn failed(error: &sqlx::Error) -> Failed {
    Failed::new(format!("MySQL: {error}"))
}

fn micros(at: NaiveDateTime) -> Micros {
    at.and_utc().timestamp_micros()
}

impl Database {
    pub(crate) async fn open(world: &World) -> Result<Self, Failed> {
        let url = world.server("mysql_booking_url")?;
        let pool = MySqlPoolOptions::new().max_connections(2).connect(url).await;
        pool.map(Self).map_err(|error| failed(&error))
    }

    /// How far the services' clock is ahead of the database's.
    pub(crate) async fn offset(&self) -> Result<Micros, Failed> {
        let sql = "select coalesce(max(offset_us), 0) from dev_clock";
        let row: Result<(i64,), _> = sqlx::query_as(sql).fetch_one(&self.0).await;
        row.map(|(offset,)| offset).map_err(|error| failed(&error))
    }

    /// What a unit of a room costs for a night, by what is decided on: the middle of its prices, which are the same here.
    pub(crate) async fn price(&self, room_id: Uuid) -> Result<i64, Failed> {
        let sql = "select price_min from room_stock where room_id = ?";
        let row: Result<(i64,), _> = sqlx::query_as(sql).bind(room_id).fetch_one(&self.0).await;
        row.map(|(price,)| price).map_err(|error| failed(&error))
    }

    /// What is still to be done, of all hotels.
    pub(crate) async fn left(&self) -> Result<Left, Failed> {
        let sql = "select (select count(*) from bookings where status = 'RESERVED'), \
                   (select count(*) from voids where status in ('owed', 'sent')), \
                   (select count(*) from refunds where status in ('owed', 'sent')), \
                   (select count(*) from outbox where published_at is null), \
                   (select count(*) from invoices where number is null) + (select count(*) from credit_notes where number is null), \
                   (select count(*) from bookings where status = 'BOOKED' and end_date < date(timestampadd(microsecond, \
                   (select coalesce(max(offset_us), 0) from dev_clock), utc_timestamp(6))) - interval 1 day)";
        let row: Result<(i64, i64, i64, i64, i64, i64), _> = sqlx::query_as(sql).fetch_one(&self.0).await;
        let (holds, voids, refunds, untold, unnumbered, uncompleted) = row.map_err(|error| failed(&error))?;
        Ok(Left { holds, voids, refunds, untold, unnumbered, uncompleted })
    }

    pub(super) async fn read(&self, hotel: Uuid, snapshot: &mut Snapshot) -> Result<(), Failed> {
        let all = async {
            self.bookings(hotel, snapshot).await?;
            self.purged(hotel, snapshot).await?;
            self.nights(hotel, snapshot).await?;
            self.history(hotel, snapshot).await?;
            self.money(hotel, snapshot).await
        };
        all.await.map_err(|error| failed(&error))
    }

    async fn bookings(&self, hotel: Uuid, snapshot: &mut Snapshot) -> Result<(), sqlx::Error> {
        let sql = "select booking_id, user_id, payment_id, status, version, coalesce(penalty, 0), hold_expires_at \
                   from bookings where hotel_id = ?";
        let rows: Vec<(Uuid, Uuid, Uuid, String, i64, i64, NaiveDateTime)> =
            sqlx::query_as(sql).bind(hotel).fetch_all(&self.0).await?;
        let booking = |(id, user_id, payment_id, status, version, penalty, hold)| {
            let hold_expires_at = micros(hold);
            (
                id,
                Booking {
                    user_id,
                    payment_id,
                    status,
                    version,
                    penalty,
                    hold_expires_at,
                    place: Place::Active,
                },
            )
        };
        snapshot.bookings.extend(rows.into_iter().map(booking));
        Ok(())
    }

    /// What is not in this row stands in the archive.
    async fn purged(&self, hotel: Uuid, snapshot: &mut Snapshot) -> Result<(), sqlx::Error> {
        let sql =
            "select booking_id, user_id, payment_id, status, version from purged_bookings where hotel_id = ?";
        let rows: Vec<(Uuid, Uuid, Uuid, String, i64)> =
            sqlx::query_as(sql).bind(hotel).fetch_all(&self.0).await?;
        for (id, user_id, payment_id, status, version) in rows {
            let place = Place::Nowhere;
            let purged = Booking { user_id, payment_id, status, version, place, ..Booking::default() };
            snapshot.bookings.insert(id, purged);
        }
        Ok(())
    }

    async fn nights(&self, hotel: Uuid, snapshot: &mut Snapshot) -> Result<(), sqlx::Error> {
        let sql = "select room_id, date, initial_quantity, available_quantity from available_rooms \
                   join room_stock using (room_id) where room_stock.hotel_id = ?";
        let rows: Vec<(Uuid, NaiveDate, u32, u32)> =
            sqlx::query_as(sql).bind(hotel).fetch_all(&self.0).await?;
        let night = |(room_id, date, initial, available)| Night { room_id, date, initial, available };
        snapshot.nights.extend(rows.into_iter().map(night));
        Ok(())
    }

    async fn history(&self, hotel: Uuid, snapshot: &mut Snapshot) -> Result<(), sqlx::Error> {
        let sql = "select booking_id, version, at, from_status, to_status, reason from booking_log \
                   where booking_id in (select booking_id from bookings where hotel_id = ? \
                   union all select booking_id from purged_bookings where hotel_id = ?) order by booking_id, version";
        let rows: Vec<(Uuid, i64, NaiveDateTime, String, String, Option<String>)> =
            sqlx::query_as(sql).bind(hotel).bind(hotel).fetch_all(&self.0).await?;
        let logged = |(booking_id, version, at, from, to, reason)| Logged {
            booking_id,
            version,
            at: micros(at),
            from,
            to,
            reason,
        };
        snapshot.history.extend(rows.into_iter().map(logged));
        Ok(())
    }

    async fn money(&self, hotel: Uuid, snapshot: &mut Snapshot) -> Result<(), sqlx::Error> {
        let sql = "select booking_id, cast(sum(captured) as signed), cast(sum(refunded) as signed) from payments \
                   where hotel_id = ? group by booking_id";
        let rows: Vec<(Uuid, i64, i64)> = sqlx::query_as(sql).bind(hotel).fetch_all(&self.0).await?;
        let payment = |(id, captured, refunded)| (id, Payment { captured, refunded });
        snapshot.payments.extend(rows.into_iter().map(payment));
        let sql =
            "select voids.booking_id from voids join payments using (payment_id) where payments.hotel_id = ?";
        let rows: Vec<(Uuid,)> = sqlx::query_as(sql).bind(hotel).fetch_all(&self.0).await?;
        snapshot.voids.extend(rows.into_iter().map(|(id,)| id));
        Ok(())
    }
}
