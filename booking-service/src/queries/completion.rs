//! Stays that may be over: BOOKED, their last date passed somewhere on earth, with the zone that decides.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use domain::{BookingId, Instant, TimeZone};
use sqlx::{FromRow, MySqlPool};
use uuid::Uuid;

use crate::rows::{UnreadableRow, readable};

/// The date after `end_date` begins first at UTC+14: ten hours into it in UTC.
const EARLIEST: TimeDelta = TimeDelta::hours(10);

/// Where to go on reading.
#[derive(Debug, Clone, Copy)]
pub struct After {
    due_at: NaiveDateTime,
    booking_id: Uuid,
}

/// A stay that may be over.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub(crate) booking_id: BookingId,
    pub(crate) end_date: NaiveDate,
    /// The hotel's zone.
    pub(crate) time_zone: TimeZone,
}

#[derive(FromRow)]
struct Row {
    booking_id: Uuid,
    end_date: NaiveDate,
    due_at: NaiveDateTime,
    time_zone: Option<String>,
}

/// The next candidates in order of their dates, and the place of the last one; none when there are no more.
pub async fn candidates(
    pool: &MySqlPool,
    now: Instant,
    after: Option<After>,
    limit: u32,
) -> Result<(Vec<Candidate>, Option<After>), sqlx::Error> {
    let sql = "select b.booking_id, b.end_date, b.due_at, h.time_zone from bookings b \
               left join hotels_seen h on h.hotel_id = b.hotel_id \
               where b.status = 'BOOKED' and b.due_at <= ? \
               and (? is null or b.due_at > ? or (b.due_at = ? and b.booking_id > ?)) \
               order by b.due_at, b.booking_id limit ?";
    let (due_at, id) = (after.map(|after| after.due_at), after.map(|after| after.booking_id));
    let until = now.plus(TimeDelta::zero() - EARLIEST);
    let rows: Vec<Row> = sqlx::query_as(sql)
        .bind(until.naive_utc())
        .bind(due_at)
        .bind(due_at)
        .bind(due_at)
        .bind(id)
        .bind(limit)
        .fetch_all(pool)
        .await?;
    let last = rows.last().map(Row::place);
    Ok((readable(rows, Row::read), last))
}

impl Row {
    fn place(&self) -> After {
        After { due_at: self.due_at, booking_id: self.booking_id }
    }

    fn read(self) -> Result<Candidate, UnreadableRow> {
        let time_zone = TimeZone::parse(&self.time_zone.unwrap_or_default())
            .map_err(|invalid| UnreadableRow::of("hotels_seen of booking", self.booking_id, invalid))?;
        Ok(Candidate {
            booking_id: BookingId::from_uuid(self.booking_id),
            end_date: self.end_date,
            time_zone,
        })
    }
}
