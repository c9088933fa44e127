//! Lists of active bookings, a page at a time by keyset: the next page costs what the first did.

use domain::{BookingId, Instant, booking::BookingStatus};
use sqlx::{MySql, QueryBuilder};

use super::{ActiveBookings, Head, HeadRow, ReadError};
use crate::list::{HotelList, Order, Position, UserList, confirmation_bits};

/// Where the archiver stands among the bookings of one status: they go by when they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EndedPosition {
    /// When the row last changed.
    pub at: Instant,
    /// The booking.
    pub booking_id: BookingId,
}

/// An ended booking as the archiver's scan sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Where it stands.
    pub position: EndedPosition,
    /// Whether the archive is known to hold it as it is now.
    pub is_archived: bool,
}

impl ActiveBookings {
    /// One's own bookings of a view behind `after`, at most `limit`. Each status is read in the order of the index
    /// `by_user`, which holds a user's days of arrival across all statuses: a page of what a channel sells costs what a
    /// traveller's does, while a status that few of its million bookings have is looked for among all of them.
    pub async fn of_user(
        &self,
        list: &UserList,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Vec<Head>, ReadError> {
        let order = list.view.order();
        let mut sql = QueryBuilder::new("");
        for (nth, status) in list.view.statuses().iter().enumerate() {
            sql.push(if nth == 0 { "(" } else { " union all (" });
            sql.push("select ").push(HeadRow::COLUMNS).push(" from bookings where user_id = ");
            sql.push_bind(list.user_id.uuid()).push(" and status = ").push_bind(status.as_str());
            if let Some(last) = list.last_arrival(*status) {
                sql.push(" and start_date <= ").push_bind(last);
            }
            page(&mut sql, order, after, limit);
            sql.push(")");
        }
        in_order(&mut sql, order, limit);
        self.listed(sql).await
    }

    /// A hotel's bookings behind `after`, at most `limit`; read from the index `by_hotel` alone unless a filter needs more.
    pub async fn of_hotel(
        &self,
        list: &HotelList,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Vec<Head>, ReadError> {
        let mut sql = QueryBuilder::new("select ");
        sql.push(HeadRow::COLUMNS).push(" from bookings where hotel_id = ").push_bind(list.hotel_id.uuid());
        sql.push(" and start_date >= ").push_bind(list.start_from);
        sql.push(" and start_date <= ").push_bind(list.start_to);
        if let Some(status) = list.status {
            sql.push(" and status = ").push_bind(status.as_str());
        }
        narrow(&mut sql, list);
        page(&mut sql, HotelList::ORDER, after, limit);
        self.listed(sql).await
    }

    /// Ended bookings of one status (CANCELLED or COMPLETED) by when they last changed, not after `until`, behind
    /// `after`, at most `limit`: the archiver's scan, over the index `by_due`.
    pub async fn ended(
        &self,
        status: BookingStatus,
        until: Instant,
        after: EndedPosition,
        limit: u32,
    ) -> Result<Vec<Ended>, ReadError> {
        let until = self.page_end(status, until, after.at, limit).await?;
        let sql = "select booking_id, due_at, coalesce(archived_version = version, false) as is_archived from bookings \
                   force index (by_due) where status = ? and due_at <= ? and due_at >= ? \
                   and (due_at > ? or booking_id > ?) order by due_at, booking_id limit ?";
        let from = after.at.naive_utc();
        let rows: Vec<EndedRow> = sqlx::query_as(sql)
            .bind(status.as_str())
            .bind(until.naive_utc())
            .bind(from)
            .bind(from)
            .bind(after.booking_id.uuid())
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.into_iter().map(EndedRow::read).collect())
    }

    /// The moment by which a page behind `from` is full. The index has the share before the booking, so a page is sorted: with
    /// all that have ended since, each page would cost what all of them do.
    async fn page_end(
        &self,
        status: BookingStatus,
        until: Instant,
        from: Instant,
        limit: u32,
    ) -> Result<Instant, ReadError> {
        let sql = "select due_at from bookings force index (by_due) where status = ? and due_at <= ? and due_at > ? \
                   order by due_at limit 1 offset ?";
        let query =
            sqlx::query_scalar(sql).bind(status.as_str()).bind(until.naive_utc()).bind(from.naive_utc());
        let end: Option<chrono::NaiveDateTime> =
            query.bind(limit.saturating_sub(1)).fetch_optional(&self.pool).await?;
        Ok(end.map_or(until, Instant::from_naive_utc))
    }

    async fn listed(&self, mut sql: QueryBuilder<MySql>) -> Result<Vec<Head>, ReadError> {
        let rows: Vec<HeadRow> = sql.build_query_as().fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(Head::from).collect())
    }
}

impl EndedPosition {
    /// Before every booking.
    pub fn first() -> Self {
        Self::before(Instant::from_utc(chrono::DateTime::UNIX_EPOCH))
    }

    /// Before every booking that ended at this moment or after it.
    pub const fn before(at: Instant) -> Self {
        Self { at, booking_id: BookingId::from_uuid(uuid::Uuid::nil()) }
    }
}

#[derive(sqlx::FromRow)]
struct EndedRow {
    booking_id: uuid::Uuid,
    due_at: chrono::NaiveDateTime,
    is_archived: bool,
}

impl EndedRow {
    fn read(self) -> Ended {
        let booking_id = BookingId::from_uuid(self.booking_id);
        let at = Instant::from_naive_utc(self.due_at);
        Ended { position: EndedPosition { at, booking_id }, is_archived: self.is_archived }
    }
}

/// The filters that the index does not cover.
fn narrow(sql: &mut QueryBuilder<MySql>, list: &HotelList) {
    if let Some(number) = &list.confirmation_number {
        // The id's last 50 bits (domain, `BookingId::confirmation_number`).
        sql.push(" and conv(hex(right(booking_id, 7)), 16, 10) & 1125899906842623 = ");
        sql.push_bind(confirmation_bits(number));
    }
    if let Some(since) = list.updated_since {
        sql.push(" and updated_at >= ").push_bind(since.naive_utc());
    }
    if let Some(room) = list.room_id {
        // A correlated `exists (select 1 from json_table(facts ...))` finds nothing (seen on MySQL 9.7.4).
        sql.push(" and ").push_bind(room.to_string());
        sql.push(" member of (json_extract(convert(facts using utf8mb4), '$.lines[*].room_id'))");
    }
}

fn page(sql: &mut QueryBuilder<MySql>, order: Order, after: Option<Position>, limit: u32) {
    let (bound, behind) = match order {
        Order::Ascending => (" >= ", " > "),
        Order::Descending => (" <= ", " < "),
    };
    if let Some(after) = after {
        // The first condition alone bounds the index range; a row constructor would not.
        sql.push(" and start_date").push(bound).push_bind(after.start_date);
        sql.push(" and (start_date").push(behind).push_bind(after.start_date);
        sql.push(" or booking_id").push(behind).push_bind(after.booking_id.uuid()).push(")");
    }
    in_order(sql, order, limit);
}

fn in_order(sql: &mut QueryBuilder<MySql>, order: Order, limit: u32) {
    let direction = match order {
        Order::Ascending => " asc",
        Order::Descending => " desc",
    };
    sql.push(" order by start_date").push(direction).push(", booking_id").push(direction);
    sql.push(" limit ").push_bind(limit);
}
