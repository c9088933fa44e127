//! Bookings by when something is next to be done about them (`bookings.due_at`), for the jobs that walk them.

use chrono::{DateTime, NaiveDateTime};
use domain::{BookingId, HotelId, Instant, booking::BookingStatus};
use platform::mysql::{padded, push_list};
use sqlx::{FromRow, MySqlPool, QueryBuilder};
use uuid::Uuid;

use crate::shares::ShareSet;

/// A booking about which something is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueBooking {
    /// The booking.
    pub booking_id: BookingId,
    /// Its hotel.
    pub hotel_id: HotelId,
    /// Since when, or when.
    pub due_at: Instant,
}

/// What of a status is due until a moment.
#[derive(Debug, Clone, Copy)]
pub struct DueRange {
    /// In this status.
    pub status: BookingStatus,
    /// Not later than that.
    pub until: Instant,
    /// Of the hotels in these shares.
    pub shares: ShareSet,
}

#[derive(FromRow)]
struct Row {
    booking_id: Uuid,
    hotel_id: Uuid,
    due_at: NaiveDateTime,
}

/// Ids of one statement.
const CHUNK: usize = 512;

/// In the index's own order, so that a page reads no more than itself: by moment, share, booking.
const WALK: &str = "select booking_id, hotel_id, due_at from bookings force index (by_due) \
                    where status = ? and due_at <= ? and ? >> share & 1 and due_at >= ? \
                    and (due_at > ? or share > ? or (share = ? and booking_id > ?)) \
                    order by due_at, share, booking_id limit ?";

/// At most `limit` of them behind `after`, the longest due first.
pub async fn walk(
    pool: &MySqlPool,
    range: DueRange,
    after: Option<DueBooking>,
    limit: usize,
) -> Result<Vec<DueBooking>, sqlx::Error> {
    let at = after.map_or(DateTime::UNIX_EPOCH.naive_utc(), |after| after.due_at.naive_utc());
    let share = after.map_or(0, |after| after.hotel_id.share());
    let booking = after.map_or(Uuid::nil(), |after| after.booking_id.uuid());
    let query = sqlx::query_as(WALK).bind(range.status.as_str()).bind(range.until.naive_utc());
    let query = query.bind(range.shares.bits()).bind(at).bind(at).bind(share).bind(share).bind(booking);
    let rows: Vec<Row> = query.bind(u64::try_from(limit).unwrap_or(u64::MAX)).fetch_all(pool).await?;
    Ok(rows.into_iter().map(Row::read).collect())
}

/// Those of these bookings that are holds.
pub async fn holds(pool: &MySqlPool, bookings: &[BookingId]) -> Result<Vec<DueBooking>, sqlx::Error> {
    let mut found = Vec::new();
    for some in bookings.chunks(CHUNK) {
        let mut sql = QueryBuilder::new(
            "select booking_id, hotel_id, due_at from bookings force index (primary) \
             where status = 'RESERVED' and booking_id in ",
        );
        push_list(&mut sql, padded(some).map(BookingId::uuid));
        let rows: Vec<Row> = sql.build_query_as().fetch_all(pool).await?;
        found.extend(rows.into_iter().map(Row::read));
    }
    Ok(found)
}

impl Row {
    fn read(self) -> DueBooking {
        DueBooking {
            booking_id: BookingId::from_uuid(self.booking_id),
            hotel_id: HotelId::from_uuid(self.hotel_id),
            due_at: Instant::from_naive_utc(self.due_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn holds(pool: &MySqlPool, count: usize) -> Vec<DueBooking> {
        let mut made = Vec::new();
        for n in 0..count {
            let mut record = testkit::booking::record();
            // Three of each moment.
            let minutes = i64::try_from(n / 3).unwrap();
            record.hold_expires_at = record.created_at.plus(chrono::TimeDelta::minutes(minutes));
            testkit::booking::insert(pool, &record).await;
            let (booking_id, hotel_id, due_at) = (record.booking_id, record.hotel_id, record.due_at());
            made.push(DueBooking { booking_id, hotel_id, due_at });
        }
        made
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_walk_meets_each_booking_of_its_shares_that_is_due_once_and_the_longest_due_first() {
        let db = testkit::mysql::booking().await;
        let mut made = holds(&db.pool, 24).await;
        let until = made.iter().map(|due| due.due_at).max().unwrap().plus(chrono::TimeDelta::seconds(-1));
        let shares: ShareSet = (0..11).collect();
        let range = DueRange { status: BookingStatus::Reserved, until, shares };
        let (mut met, mut after) = (Vec::new(), None);
        while let Some(last) = {
            let page = walk(&db.pool, range, after, 2).await.unwrap();
            met.extend(page.iter().copied());
            page.last().copied()
        } {
            after = Some(last);
        }
        made.retain(|due| due.due_at <= until && shares.has(due.hotel_id.share()));
        made.sort_by_key(|due| (due.due_at, due.hotel_id.share(), due.booking_id));
        assert_eq!(met, made);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_page_of_a_walk_is_read_from_its_index_in_order() {
        let db = testkit::mysql::booking().await;
        holds(&db.pool, 3).await;
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("explain format=tree {WALK}")));
        let query = query.bind("RESERVED").bind("2027-01-01").bind(7_u16).bind("2026-01-01");
        let query = query.bind("2026-01-01").bind(3_u8).bind(3_u8).bind(Uuid::nil()).bind(10_u64);
        let plan: String = query.fetch_one(&db.pool).await.unwrap();
        assert!(plan.contains("by_due") && !plan.contains("Sort"), "{plan}");
    }
}
