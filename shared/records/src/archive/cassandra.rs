//! The archive in Cassandra: three tables, written USING TIMESTAMP from the booking's version, `LOCAL_QUORUM`.
//!
//! The version as timestamp makes a late older copy lose to a newer one, in whatever order they come.

mod session;
mod statements;

use std::{future::Future, time::Duration};

use async_trait::async_trait;
use domain::{BookingId, UserId, booking::BookingRecord};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use platform::settings::{Secret, SettingProblems, Value, section};
use scylla::statement::prepared::PreparedStatement;
use serde::Deserialize;
use session::Connection;
use statements::Statements;

use crate::{Archive, ArchiveError, HotelList, Place, View, list::year_month};

pub use session::migrate;

/// How to reach Cassandra; each key is explained where its default stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CassandraSettings {
    /// `host:port` of some nodes; the driver finds the others.
    pub nodes: Vec<String>,
    /// The keyspace.
    pub keyspace: String,
    /// Empty where Cassandra asks for none.
    pub user: String,
    /// The user's password.
    pub password: Secret,
    /// One request lasts at most so long, in milliseconds.
    pub request_timeout_ms: u64,
    /// A whole list (many requests) lasts at most so long, in milliseconds.
    pub list_timeout_ms: u64,
    /// Connecting lasts at most so long, in milliseconds; for as long after a failure nobody tries again.
    pub connect_timeout_ms: u64,
    /// Rows per request of a list.
    pub page_rows: u16,
    /// Months of a hotel's list that are read side by side.
    pub months_at_once: u8,
}

impl CassandraSettings {
    /// The kit's section `cassandra` with nodes and a keyspace: for tools and tests.
    pub fn at(nodes: Vec<String>, keyspace: impl Into<String>) -> Result<Self, SettingProblems> {
        section("cassandra", [("nodes", Value::from(nodes)), ("keyspace", Value::String(keyspace.into()))])
    }
}

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

    /// The bookings of a statement's rows that `holds` takes, at most `limit`, in the rows' order.
    async fn rows(
        &self,
        statement: PreparedStatement,
        values: impl scylla::serialize::row::SerializeRow,
        holds: impl Fn(&BookingRecord) -> bool,
        limit: usize,
    ) -> Result<Vec<BookingRecord>, ArchiveError> {
        let open = self.connection.open().await?;
        let pager = open.session.execute_iter(statement, values).await.map_err(ArchiveError::unavailable)?;
        let mut rows = pager.rows_stream::<(String,)>().map_err(|error| ArchiveError::corrupt(&error))?;
        let mut records = Vec::new();
        while records.len() < limit {
            let Some(row) = rows.next().await else { break };
            let (text,) = row.map_err(ArchiveError::unavailable)?;
            let record = parse(&text)?;
            if holds(&record) {
                records.push(record);
            }
        }
        Ok(records)
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

    async fn month(
        &self,
        list: &HotelList,
        month: String,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<BookingRecord>, ArchiveError> {
        let hotel = list.hotel_id.uuid();
        let holds = |record: &BookingRecord| list.holds(record);
        let statements = self.statements().await?;
        match after {
            None => {
                let values = (hotel, month, list.start_from, list.start_to);
                self.rows(statements.by_hotel, values, holds, limit).await
            }
            Some(after) => {
                let values = (hotel, month, after.start_date, after.booking_id.uuid(), list.start_to);
                self.rows(statements.by_hotel_after, values, holds, limit).await
            }
        }
    }

    async fn months(
        &self,
        list: &HotelList,
        after: Option<Place>,
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
}

#[async_trait]
impl Archive for CassandraArchive {
    async fn put(&self, record: &BookingRecord) -> Result<(), ArchiveError> {
        let open = self.connection.open().await?;
        let text = serde_json::to_string(record).map_err(|error| ArchiveError::corrupt(&error))?;
        let (id, user, hotel) = (record.booking_id.uuid(), record.user_id.uuid(), record.hotel_id.uuid());
        let (start, status, version) = (record.dates.start_date(), record.status.as_str(), record.version);
        let month = year_month(start);
        let session = &open.session;
        let write = &open.statements;
        let by_id = session
            .execute_unpaged(&write.put_by_id, (id, version, user, hotel, start, status, &text, version));
        let by_user = session
            .execute_unpaged(&write.put_by_user, (user, start, id, version, hotel, status, &text, version));
        let by_hotel = session.execute_unpaged(
            &write.put_by_hotel,
            (hotel, &month, start, id, version, user, status, &text, version),
        );
        let done = tokio::try_join!(by_id, by_user, by_hotel);
        done.map(drop).map_err(ArchiveError::unavailable)
    }

    async fn read_back(&self, record: &BookingRecord) -> Result<Option<BookingRecord>, ArchiveError> {
        let (id, user, hotel) = (record.booking_id.uuid(), record.user_id.uuid(), record.hotel_id.uuid());
        let start = record.dates.start_date();
        let read = self.statements().await?;
        let all = |_: &BookingRecord| true;
        let rows = tokio::try_join!(
            self.rows(read.by_id, (id,), all, 1),
            self.rows(read.one_by_user, (user, start, id), all, 1),
            self.rows(read.one_by_hotel, (hotel, year_month(start), start, id), all, 1),
        )?;
        let (by_id, by_user, by_hotel) = rows;
        Ok(by_id.into_iter().next().filter(|found| by_user == [found.clone()] && by_hotel == [found.clone()]))
    }

    async fn by_id(&self, id: BookingId) -> Result<Option<BookingRecord>, ArchiveError> {
        let statement = self.statements().await?.by_id;
        Ok(self.rows(statement, (id.uuid(),), |_| true, 1).await?.pop())
    }

    async fn by_user(
        &self,
        user: UserId,
        view: View,
        after: Option<Place>,
        limit: u32,
    ) -> Result<Vec<BookingRecord>, ArchiveError> {
        if !view.reaches_archive() {
            return Ok(Vec::new());
        }
        let read = self.statements().await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let holds = |record: &BookingRecord| view.holds(record);
        match after {
            None => self.in_time(self.rows(read.by_user, (user.uuid(),), holds, limit)).await,
            Some(after) => {
                let values = (user.uuid(), after.start_date, after.booking_id.uuid());
                self.in_time(self.rows(read.by_user_after, values, holds, limit)).await
            }
        }
    }

    async fn by_hotel(
        &self,
        list: &HotelList,
        after: Option<Place>,
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

fn parse(text: &str) -> Result<BookingRecord, ArchiveError> {
    serde_json::from_str(text).map_err(|error| ArchiveError::corrupt(&error))
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
