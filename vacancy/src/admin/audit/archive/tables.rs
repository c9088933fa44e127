//! The archive's tables as the check reads them: whole, and one row by its key.

use chrono::NaiveDate;
use domain::booking::BookingRecord;
use futures::{Stream, TryStreamExt as _};
use platform::causes::BoxError;
use scylla::{client::session::Session, errors::NextRowError, statement::prepared::PreparedStatement};
use uuid::Uuid;

use super::sum::{Line, Sums};

/// The archive's tables, with the statements that read them.
pub(super) struct Tables<'a> {
    session: &'a Session,
    all_by_id: PreparedStatement,
    pub(super) all_by_user: PreparedStatement,
    pub(super) all_by_hotel: PreparedStatement,
    one_by_id: PreparedStatement,
    one_by_user: PreparedStatement,
    one_by_hotel: PreparedStatement,
    /// Rows at a time.
    pub(super) page: usize,
}

/// A row of `bookings_by_id`: a cell that was never written, or was deleted, is null.
type Row = (Uuid, Option<i64>, Option<Uuid>, Option<Uuid>, Option<NaiveDate>, Option<String>, Option<String>);
/// A row of one of the others, as [`Line`] has it.
pub(super) type Other = (Uuid, String, NaiveDate, Uuid, Option<i64>, Option<String>, Option<String>);
/// Version, status, record, as all three tables have them.
pub(super) type Content = (Option<i64>, Option<String>, Option<String>);

/// A row of one of the others, read.
pub(super) fn line(row: &Other) -> Line<'_> {
    let (owner, part, start_date, booking_id, version, status, record) = row;
    Line {
        owner: *owner,
        part,
        start_date: *start_date,
        booking_id: *booking_id,
        version: *version,
        status: status.as_deref(),
        record: record.as_deref(),
    }
}

/// A row of `bookings_by_id` that lacks nothing.
pub(super) struct Copied {
    pub(super) booking_id: Uuid,
    pub(super) version: i64,
    user_id: Uuid,
    hotel_id: Uuid,
    start_date: NaiveDate,
    pub(super) status: String,
    record: String,
    year: String,
    month: String,
}

impl Copied {
    fn of((booking_id, version, user, hotel, start, status, record): Row) -> Result<Self, String> {
        let whole = || {
            let start_date = start?;
            Some(Self {
                booking_id,
                version: version?,
                user_id: user?,
                hotel_id: hotel?,
                start_date,
                status: status?,
                record: record?,
                year: start_date.format("%Y").to_string(),
                month: start_date.format("%Y-%m").to_string(),
            })
        };
        whole()
            .ok_or_else(|| format!("booking {booking_id} cannot be read: bookings_by_id lacks a cell of it"))
    }

    pub(super) fn content(&self) -> Content {
        (Some(self.version), Some(self.status.clone()), Some(self.record.clone()))
    }

    /// As `bookings_by_user` has to have it.
    pub(super) fn by_user(&self) -> Line<'_> {
        Line {
            owner: self.user_id,
            part: &self.year,
            start_date: self.start_date,
            booking_id: self.booking_id,
            version: Some(self.version),
            status: Some(&self.status),
            record: Some(&self.record),
        }
    }

    /// As `bookings_by_hotel` has to have it.
    pub(super) fn by_hotel(&self) -> Line<'_> {
        Line { owner: self.hotel_id, part: &self.month, ..self.by_user() }
    }

    /// Whether the record is what the columns beside it say.
    pub(super) fn damaged(&self) -> Option<String> {
        let record: BookingRecord = match serde_json::from_str(&self.record) {
            Ok(record) => record,
            Err(error) => return Some(format!("its record cannot be read: {error}")),
        };
        let same = record.booking_id.uuid() == self.booking_id
            && record.version == self.version
            && record.user_id.uuid() == self.user_id
            && record.hotel_id.uuid() == self.hotel_id
            && record.dates.start_date() == self.start_date
            && record.status.as_str() == self.status;
        (!same).then(|| "its record is another than its columns say".to_owned())
    }
}

impl<'a> Tables<'a> {
    pub(super) async fn prepare(session: &'a Session, page: u32) -> Result<Self, BoxError> {
        let rows = i32::try_from(page).unwrap_or(i32::MAX);
        let prepare = async |cql: &str| {
            session.prepare(cql).await.map(|mut statement| {
                statement.set_page_size(rows);
                statement
            })
        };
        Ok(Self {
            session,
            all_by_id: prepare(
                "select booking_id, version, user_id, hotel_id, start_date, status, record from bookings_by_id",
            )
            .await?,
            all_by_user: prepare(
                "select user_id, cast(year as text), start_date, booking_id, version, status, record \
                 from bookings_by_user",
            )
            .await?,
            all_by_hotel: prepare(
                "select hotel_id, year_month, start_date, booking_id, version, status, record \
                 from bookings_by_hotel",
            )
            .await?,
            one_by_id: prepare(
                "select booking_id, version, user_id, hotel_id, start_date, status, record from bookings_by_id \
                 where booking_id = ?",
            )
            .await?,
            one_by_user: prepare(
                "select version, status, record from bookings_by_user \
                 where user_id = ? and year = ? and status = ? and start_date = ? and booking_id = ?",
            )
            .await?,
            one_by_hotel: prepare(
                "select version, status, record from bookings_by_hotel \
                 where hotel_id = ? and year_month = ? and start_date = ? and booking_id = ?",
            )
            .await?,
            page: usize::try_from(page).unwrap_or(1),
        })
    }

    /// Every row of `bookings_by_id`; of one that lacks a cell, what to say of it.
    pub(super) async fn all_by_id(
        &self,
    ) -> Result<impl Stream<Item = Result<Result<Copied, String>, NextRowError>> + use<>, BoxError> {
        let rows = self.session.execute_iter(self.all_by_id.clone(), ()).await?.rows_stream::<Row>()?;
        Ok(rows.map_ok(Copied::of))
    }

    /// Every row of one of the others.
    pub(super) async fn lines(
        &self,
        all: &PreparedStatement,
    ) -> Result<impl Stream<Item = Result<Other, NextRowError>> + use<>, BoxError> {
        Ok(self.session.execute_iter(all.clone(), ()).await?.rows_stream::<Other>()?)
    }

    /// What `bookings_by_user` holds.
    pub(super) async fn by_user(&self) -> Result<Sums, BoxError> {
        self.sum(&self.all_by_user).await
    }

    /// What `bookings_by_hotel` holds.
    pub(super) async fn by_hotel(&self) -> Result<Sums, BoxError> {
        self.sum(&self.all_by_hotel).await
    }

    async fn sum(&self, all: &PreparedStatement) -> Result<Sums, BoxError> {
        let mut lines = self.lines(all).await?;
        let mut sums = Sums::default();
        while let Some(row) = lines.try_next().await? {
            sums.add(&line(&row));
        }
        Ok(sums)
    }

    /// What `bookings_by_id` has of a booking; of a row that lacks a cell, what to say of it.
    pub(super) async fn copy_by_id(&self, booking: Uuid) -> Result<Option<Result<Copied, String>>, BoxError> {
        let answer = self.session.execute_unpaged(&self.one_by_id, (booking,)).await?;
        Ok(answer.into_rows_result()?.maybe_first_row::<Row>()?.map(Copied::of))
    }

    pub(super) async fn content_by_user(&self, copy: &Copied) -> Result<Option<Content>, BoxError> {
        let (year, start) = (chrono::Datelike::year(&copy.start_date), copy.start_date);
        let key = (copy.user_id, year, &copy.status, start, copy.booking_id);
        let answer = self.session.execute_unpaged(&self.one_by_user, key).await?;
        Ok(answer.into_rows_result()?.maybe_first_row()?)
    }

    pub(super) async fn content_by_hotel(&self, copy: &Copied) -> Result<Option<Content>, BoxError> {
        let key = (copy.hotel_id, &copy.month, copy.start_date, copy.booking_id);
        let answer = self.session.execute_unpaged(&self.one_by_hotel, key).await?;
        Ok(answer.into_rows_result()?.maybe_first_row()?)
    }
}
