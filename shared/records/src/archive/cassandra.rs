//! The archive in Cassandra: tables by id, user and hotel, written USING TIMESTAMP from the booking's version,
//! `LOCAL_QUORUM`.
//!
//! The version as timestamp makes a late older copy lose to a newer one, in whatever order they come.

mod lists;
mod session;
mod settings;
mod statements;

use std::{future::Future, time::Duration};

use async_trait::async_trait;
use chrono::Datelike as _;
use domain::{
    BookingId,
    booking::{BookingRecord, BookingStatus},
};
use futures::{Stream, TryStreamExt as _};
use scylla::{serialize::row::SerializeRow, statement::prepared::PreparedStatement};
use session::Connection;
use statements::Statements;
use uuid::Uuid;

use crate::{
    archive::{Archive, ArchiveError},
    list::{HotelList, Position, UserList, year_month},
    read_error::readable,
};

pub use session::migrate;
pub use settings::CassandraSettings;

/// A booking and its record; a cell that was never written, or was deleted, is null.
type Row = (Uuid, Option<String>);

/// The archive. It connects when it is first used: a Cassandra that is down keeps no service from starting.
pub struct CassandraArchive {
    connection: Connection,
    list_timeout: Duration,
    months_at_once: usize,
}

impl CassandraArchive {
    /// Never fails and never waits.
    pub fn new(settings: CassandraSettings) -> Self {
        Self {
            list_timeout: Duration::from_millis(settings.list_timeout_ms),
            months_at_once: usize::from(settings.months_at_once.max(1)),
            connection: Connection::new(settings),
        }
    }

    /// The bookings of a list's rows that `holds` takes, at most `limit`, in the rows' order, without those that are corrupt.
    async fn list(
        &self,
        statement: PreparedStatement,
        values: impl SerializeRow,
        holds: impl Fn(&BookingRecord) -> bool,
        limit: usize,
    ) -> Result<Vec<BookingRecord>, ArchiveError> {
        let mut rows = self.rows(statement, values).await?;
        let mut records = Vec::new();
        while records.len() < limit {
            let Some(row) = rows.try_next().await? else { break };
            records.extend(readable(parse(row)).filter(&holds));
        }
        Ok(records)
    }

    /// The booking of a statement's one row.
    async fn one(
        &self,
        statement: PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<Option<BookingRecord>, ArchiveError> {
        self.rows(statement, values).await?.try_next().await?.map(parse).transpose()
    }

    async fn rows(
        &self,
        statement: PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<impl Stream<Item = Result<Row, ArchiveError>>, ArchiveError> {
        let open = self.connection.open().await?;
        let pager = open.session.execute_iter(statement, values).await.map_err(ArchiveError::unavailable)?;
        let rows = pager.rows_stream::<Row>().map_err(ArchiveError::unavailable)?;
        Ok(rows.map_err(ArchiveError::unavailable))
    }

    async fn statements(&self) -> Result<Statements, ArchiveError> {
        Ok(self.connection.open().await?.statements.clone())
    }

    async fn in_time<T>(
        &self,
        read: impl Future<Output = Result<T, ArchiveError>>,
    ) -> Result<T, ArchiveError> {
        tokio::time::timeout(self.list_timeout, read).await.map_err(ArchiveError::unavailable)?
    }
}

#[async_trait]
impl Archive for CassandraArchive {
    async fn put(&self, record: &BookingRecord) -> Result<(), ArchiveError> {
        let open = self.connection.open().await?;
        let (session, write) = (&open.session, &open.statements);
        let (id, user, hotel) = (record.booking_id.uuid(), record.user_id.uuid(), record.hotel_id.uuid());
        let text = serde_json::to_string(record).map_err(|error| ArchiveError::corrupt(id, &error))?;
        let (start, status, version) = (record.dates.start_date(), record.status.as_str(), record.version);
        let (year, month, at) = (start.year(), year_month(start), write_timestamp(version));
        // First, so that no list passes by a year of which a row is there.
        session.execute_unpaged(&write.put_year, (user, year)).await.map_err(ArchiveError::unavailable)?;
        let by_id =
            session.execute_unpaged(&write.put_by_id, (id, version, user, hotel, start, status, &text, at));
        let by_user = session
            .execute_unpaged(&write.put_by_user, (user, year, status, start, id, version, hotel, &text, at));
        let by_hotel = session.execute_unpaged(
            &write.put_by_hotel,
            (hotel, &month, start, id, version, user, status, &text, at),
        );
        let moved = async {
            match status_before(record) {
                Some(before) => {
                    let key = (at, user, year, before.as_str(), start, id);
                    session.execute_unpaged(&write.remove_by_user, key).await.map(drop)
                }
                None => Ok(()),
            }
        };
        let done = tokio::try_join!(by_id, by_user, by_hotel, moved);
        done.map(drop).map_err(ArchiveError::unavailable)
    }

    async fn read_back(&self, record: &BookingRecord) -> Result<Option<BookingRecord>, ArchiveError> {
        let (id, user, hotel) = (record.booking_id.uuid(), record.user_id.uuid(), record.hotel_id.uuid());
        let (start, status) = (record.dates.start_date(), record.status.as_str());
        let read = self.statements().await?;
        let (by_id, by_user, by_hotel) = tokio::try_join!(
            self.one(read.by_id, (id,)),
            self.one(read.one_by_user, (user, start.year(), status, start, id)),
            self.one(read.one_by_hotel, (hotel, year_month(start), start, id)),
        )?;
        Ok(by_id.filter(|held| by_user.as_ref() == Some(held) && by_hotel.as_ref() == Some(held)))
    }

    async fn by_id(&self, id: BookingId) -> Result<Option<BookingRecord>, ArchiveError> {
        let statement = self.statements().await?.by_id;
        self.one(statement, (id.uuid(),)).await
    }

    async fn by_user(
        &self,
        list: &UserList,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Vec<BookingRecord>, ArchiveError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.in_time(self.years(list, after, limit)).await
    }

    async fn by_hotel(
        &self,
        list: &HotelList,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Vec<BookingRecord>, ArchiveError> {
        if !list.reaches_archive() {
            return Ok(Vec::new());
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.in_time(self.months(list, after, limit)).await
    }

    async fn ping(&self) -> Result<(), ArchiveError> {
        let open = self.connection.open().await?;
        let asked = open.session.execute_unpaged(&open.statements.ping, ()).await;
        asked.map(drop).map_err(ArchiveError::unavailable)
    }
}

/// The write timestamp of a version, far beyond any clock's (2^52 microseconds are the year 2112): what is deleted or
/// written by hand without a timestamp hides no booking, and between two versions there is room for a repair by hand.
fn write_timestamp(version: i64) -> i64 {
    const VERSIONS: i64 = 1 << 11;
    version.clamp(0, VERSIONS - 1).saturating_mul(1 << 52)
}

/// The status under which an older version may lie in a user's list: only a late payment brings a CANCELLED booking back.
fn status_before(record: &BookingRecord) -> Option<BookingStatus> {
    let came_back = record.status == BookingStatus::Completed && record.late_payment.is_some();
    came_back.then_some(BookingStatus::Cancelled)
}

fn parse((id, text): Row) -> Result<BookingRecord, ArchiveError> {
    let text = text.ok_or_else(|| ArchiveError::corrupt(id, &"it has no record"))?;
    serde_json::from_str(&text).map_err(|error| ArchiveError::corrupt(id, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::conformance;

    async fn archive() -> CassandraArchive {
        let testkit::cassandra::Archive { nodes, keyspace } = testkit::cassandra::archive().await;
        // Small pages, so that lists take several.
        CassandraArchive::new(CassandraSettings {
            page_rows: 2,
            ..CassandraSettings::at(nodes, keyspace).unwrap()
        })
    }

    conformance::archive_conformance!(archive());

    #[tokio::test]
    async fn an_archive_that_is_down_refuses_within_its_time_and_then_at_once() {
        let mut settings = CassandraSettings::at(vec!["127.0.0.1:1".to_owned()], "nowhere").unwrap();
        settings.connect_timeout_ms = 1_000;
        let archive = CassandraArchive::new(settings);
        let record = testkit::booking::record();
        let begun = std::time::Instant::now();
        for _ in 0..20 {
            let error = archive.by_id(record.booking_id).await.unwrap_err();
            assert!(matches!(error, ArchiveError::Unavailable(_)), "{error:?}");
        }
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    }
}
