//! Lists over the archive's partitions: a hotel's months in order, a user's years with a slice for each status.

use chrono::Datelike as _;
use domain::{
    UserId,
    booking::{BookingRecord, BookingStatus},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::CassandraArchive;
use crate::{
    archive::ArchiveError,
    list::{HotelList, Position, UserList, View},
};

/// A partition of a user's list.
#[derive(Debug, Clone, Copy)]
struct Year {
    user: UserId,
    year: i32,
}

impl CassandraArchive {
    /// A hotel's bookings, month by month.
    pub(super) async fn months(
        &self,
        list: &HotelList,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<BookingRecord>, ArchiveError> {
        let reads = list.months(after).map(|month| self.month(list, month, after, limit));
        let mut months = stream::iter(reads).buffered(self.months_at_once);
        let mut records = Vec::new();
        while records.len() < limit {
            let Some(month) = months.try_next().await? else { break };
            records.extend(month);
        }
        records.truncate(limit);
        Ok(records)
    }

    async fn month(
        &self,
        list: &HotelList,
        month: String,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<BookingRecord>, ArchiveError> {
        let hotel = list.hotel_id.uuid();
        let holds = |record: &BookingRecord| list.holds(record);
        let statements = self.statements().await?;
        match after {
            None => {
                let values = (hotel, month, list.start_from, list.start_to);
                self.list(statements.by_hotel, values, holds, limit).await
            }
            Some(after) => {
                let values = (hotel, month, after.start_date, after.booking_id.uuid(), list.start_to);
                self.list(statements.by_hotel_after, values, holds, limit).await
            }
        }
    }

    /// A user's bookings of a view, latest year first.
    pub(super) async fn years(
        &self,
        list: &UserList,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<BookingRecord>, ArchiveError> {
        let (user, view) = (list.user_id, list.view);
        let mut records = Vec::new();
        if !view.reaches_archive() {
            return Ok(records);
        }
        let last = after.map_or(i32::MAX, |position| position.start_date.year());
        for year in self.years_of(user).await?.into_iter().filter(|year| *year <= last) {
            records.extend(self.year(Year { user, year }, view, after, limit).await?);
            if records.len() >= limit {
                break;
            }
        }
        records.truncate(limit);
        Ok(records)
    }

    /// The years in which the user has ended bookings, latest first.
    async fn years_of(&self, user: UserId) -> Result<Vec<i32>, ArchiveError> {
        let open = self.connection.open().await?;
        let asked = open.session.execute_iter(open.statements.years.clone(), (user.uuid(),)).await;
        let rows = asked.map_err(ArchiveError::unavailable)?.rows_stream::<(i32,)>();
        let rows = rows.map_err(ArchiveError::unavailable)?;
        rows.map_ok(|(year,)| year).try_collect().await.map_err(ArchiveError::unavailable)
    }

    /// A year of a view: its statuses' slices, merged.
    async fn year(
        &self,
        year: Year,
        view: View,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<BookingRecord>, ArchiveError> {
        let ended = view.statuses().iter().filter(|status| status.has_ended());
        let slices = ended.map(|status| self.slice(year, *status, after, limit));
        let mut records: Vec<BookingRecord> = futures::future::try_join_all(slices).await?.concat();
        records.sort_by(|a, b| view.order().compare(Position::of(a), Position::of(b)));
        Ok(records)
    }

    async fn slice(
        &self,
        Year { user, year }: Year,
        status: BookingStatus,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Vec<BookingRecord>, ArchiveError> {
        let statements = self.statements().await?;
        let (user, status) = (user.uuid(), status.as_str());
        let every = |_: &BookingRecord| true;
        match after {
            None => self.list(statements.by_user, (user, year, status), every, limit).await,
            Some(after) => {
                let values = (user, year, status, after.start_date, after.booking_id.uuid());
                self.list(statements.by_user_after, values, every, limit).await
            }
        }
    }
}
