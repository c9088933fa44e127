//! Invariant 2: MySQL and Cassandra. All three tables of the archive agree, what was purged is there, MySQL's version is
//! never the lower.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{Datelike as _, NaiveDate};
use domain::booking::BookingRecord;
use futures::{StreamExt as _, TryStreamExt as _, future::try_join_all};
use platform::causes::BoxError;
use scylla::{client::session::Session, statement::prepared::PreparedStatement};
use sqlx::{FromRow, MySql, MySqlPool, QueryBuilder};
use uuid::Uuid;

use super::{Check, Tally, bookings};
use crate::admin::Stores;

pub(super) struct Archive;

/// Rows asked for side by side.
const SIDE_BY_SIDE: usize = 32;

#[async_trait]
impl Check for Archive {
    fn name(&self) -> &'static str {
        "archive"
    }

    fn promise(&self) -> &'static str {
        "the three tables agree, purged bookings are there, MySQL is never behind (2)"
    }

    fn converges(&self) -> bool {
        true
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let mut tally = Tally::new(stores.settings.audit.shown);
        let tables = Tables::prepare(stores.archive().await?, stores.settings.audit.page).await?;
        by_id(stores, &tables, &mut tally).await?;
        others(&tables, &mut tally).await?;
        purged(stores, &tables, &mut tally).await?;
        Ok(tally)
    }
}

/// The archive's tables, with the statements that read them.
struct Tables<'a> {
    session: &'a Session,
    all_by_id: PreparedStatement,
    all_by_user: PreparedStatement,
    all_by_hotel: PreparedStatement,
    one_by_id: PreparedStatement,
    one_by_user: PreparedStatement,
    one_by_hotel: PreparedStatement,
    page: usize,
}

/// A row of `bookings_by_id`: a cell that was never written, or was deleted, is null.
type Row = (Uuid, Option<i64>, Option<Uuid>, Option<Uuid>, Option<NaiveDate>, Option<String>, Option<String>);
/// Version, status, record, as all three tables have them.
type Content = (Option<i64>, Option<String>, Option<String>);

/// A row of `bookings_by_id` that lacks nothing.
struct Copied {
    booking_id: Uuid,
    version: i64,
    user_id: Uuid,
    hotel_id: Uuid,
    start_date: NaiveDate,
    status: String,
    record: String,
}

impl Copied {
    fn of((booking_id, version, user, hotel, start, status, record): Row) -> Result<Self, String> {
        let whole = || {
            Some(Self {
                booking_id,
                version: version?,
                user_id: user?,
                hotel_id: hotel?,
                start_date: start?,
                status: status?,
                record: record?,
            })
        };
        whole()
            .ok_or_else(|| format!("booking {booking_id} cannot be read: bookings_by_id lacks a cell of it"))
    }

    fn content(&self) -> Content {
        (Some(self.version), Some(self.status.clone()), Some(self.record.clone()))
    }
}

impl<'a> Tables<'a> {
    async fn prepare(session: &'a Session, page: u32) -> Result<Self, BoxError> {
        let rows = i32::try_from(page).unwrap_or(i32::MAX);
        let all = async |cql: &str| {
            session.prepare(cql).await.map(|mut statement| {
                statement.set_page_size(rows);
                statement
            })
        };
        Ok(Self {
            session,
            all_by_id: all(
                "select booking_id, version, user_id, hotel_id, start_date, status, record from bookings_by_id",
            )
            .await?,
            all_by_user: all("select booking_id, version from bookings_by_user").await?,
            all_by_hotel: all("select booking_id, version from bookings_by_hotel").await?,
            one_by_id: all("select version, status, record from bookings_by_id where booking_id = ?").await?,
            one_by_user: all(
                "select version, status, record from bookings_by_user \
                 where user_id = ? and year = ? and status = ? and start_date = ? and booking_id = ?",
            )
            .await?,
            one_by_hotel: all(
                "select version, status, record from bookings_by_hotel \
                 where hotel_id = ? and year_month = ? and start_date = ? and booking_id = ?",
            )
            .await?,
            page: usize::try_from(page).unwrap_or(1),
        })
    }

    async fn content_by_id(&self, booking: Uuid) -> Result<Option<Content>, BoxError> {
        let answer = self.session.execute_unpaged(&self.one_by_id, (booking,)).await?;
        Ok(answer.into_rows_result()?.maybe_first_row()?)
    }

    async fn content_by_user(&self, copy: &Copied) -> Result<Option<Content>, BoxError> {
        let (year, start) = (copy.start_date.year(), copy.start_date);
        let key = (copy.user_id, year, &copy.status, start, copy.booking_id);
        let answer = self.session.execute_unpaged(&self.one_by_user, key).await?;
        Ok(answer.into_rows_result()?.maybe_first_row()?)
    }

    async fn content_by_hotel(&self, copy: &Copied) -> Result<Option<Content>, BoxError> {
        let (month, start) = (copy.start_date.format("%Y-%m").to_string(), copy.start_date);
        let key = (copy.hotel_id, month, start, copy.booking_id);
        let answer = self.session.execute_unpaged(&self.one_by_hotel, key).await?;
        Ok(answer.into_rows_result()?.maybe_first_row()?)
    }

    /// What is wrong with a booking's copies among themselves.
    async fn judge(&self, copy: &Copied) -> Result<Vec<String>, BoxError> {
        let (booking, content) = (copy.booking_id, Some(copy.content()));
        let mut wrong = Vec::new();
        if self.content_by_user(copy).await? != content {
            wrong.push(format!("booking {booking}: bookings_by_user differs from bookings_by_id"));
        }
        if self.content_by_hotel(copy).await? != content {
            wrong.push(format!("booking {booking}: bookings_by_hotel differs from bookings_by_id"));
        }
        wrong.extend(damaged(copy).map(|says| format!("booking {booking}: {says}")));
        Ok(wrong)
    }
}

/// Whether the record is what the columns beside it say.
fn damaged(copy: &Copied) -> Option<String> {
    let record: BookingRecord = match serde_json::from_str(&copy.record) {
        Ok(record) => record,
        Err(error) => return Some(format!("its record cannot be read: {error}")),
    };
    let same = record.booking_id.uuid() == copy.booking_id
        && record.version == copy.version
        && record.user_id.uuid() == copy.user_id
        && record.hotel_id.uuid() == copy.hotel_id
        && record.dates.start_date() == copy.start_date
        && record.status.as_str() == copy.status;
    (!same).then(|| "its record is another than its columns say".to_owned())
}

async fn by_id(stores: &Stores, tables: &Tables<'_>, tally: &mut Tally) -> Result<(), BoxError> {
    let rows = tables.session.execute_iter(tables.all_by_id.clone(), ()).await?.rows_stream::<Row>()?;
    let mut chunks = rows.map_ok(Copied::of).try_chunks(tables.page);
    while let Some(chunk) = chunks.next().await {
        let chunk = whole(chunk.map_err(|error| error.1)?, tally);
        let active = active(&stores.booking, &chunk).await?;
        for copies in chunk.chunks(SIDE_BY_SIDE) {
            let asked: Vec<_> = copies.iter().map(|copy| tables.judge(copy)).collect();
            for (copy, wrong) in copies.iter().zip(try_join_all(asked).await?) {
                let booking = copy.booking_id;
                let beside = beside_mysql(copy, active.get(&booking));
                tally.judge(wrong.into_iter().chain(beside.map(|says| format!("booking {booking}: {says}"))));
            }
        }
    }
    Ok(())
}

/// The rows that lack nothing; each other one is a breach.
fn whole(rows: Vec<Result<Copied, String>>, tally: &mut Tally) -> Vec<Copied> {
    rows.into_iter().filter_map(|row| row.map_err(|lacking| tally.judge([lacking])).ok()).collect()
}

/// A booking in MySQL.
#[derive(Debug, FromRow)]
struct InMySql {
    booking_id: Uuid,
    version: i64,
    status: String,
    late_payment: Option<String>,
    is_purged: bool,
}

async fn active(pool: &MySqlPool, chunk: &[Copied]) -> Result<BTreeMap<Uuid, InMySql>, sqlx::Error> {
    let mut sql = QueryBuilder::<MySql>::new(
        "select booking_id, version, status, late_payment, false as is_purged from bookings where booking_id in ",
    );
    bookings::in_list(&mut sql, chunk.iter().map(|copy| copy.booking_id));
    sql.push(
        " union all select booking_id, version, cast(status as char), null, true from purged_bookings \
         where booking_id in ",
    );
    bookings::in_list(&mut sql, chunk.iter().map(|copy| copy.booking_id));
    let rows: Vec<InMySql> = sql.build_query_as().fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| (row.booking_id, row)).collect())
}

fn beside_mysql(copy: &Copied, row: Option<&InMySql>) -> Option<String> {
    let (version, status) = (copy.version, &copy.status);
    let Some(row) = row else { return Some("it is archived and neither active nor purged".to_owned()) };
    if row.version < version {
        return Some(format!("MySQL has version {}, the archive {version}", row.version));
    }
    if (row.version == version || row.is_purged) && row.status != *status {
        return Some(format!("MySQL says {}, the archive {status}", row.status));
    }
    if row.is_purged && row.version != version {
        return Some(format!("it is purged at version {}, the archive has {version}", row.version));
    }
    let ended = row.status == "CANCELLED" || row.status == "COMPLETED";
    (!ended && row.late_payment.is_none()).then(|| format!("it is archived and {} in MySQL", row.status))
}

/// Copies by user and by hotel that have no copy by id.
async fn others(tables: &Tables<'_>, tally: &mut Tally) -> Result<(), BoxError> {
    for (table, all) in
        [("bookings_by_user", &tables.all_by_user), ("bookings_by_hotel", &tables.all_by_hotel)]
    {
        let rows =
            tables.session.execute_iter(all.clone(), ()).await?.rows_stream::<(Uuid, Option<i64>)>()?;
        let mut chunks = rows.try_chunks(SIDE_BY_SIDE);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| error.1)?;
            let asked: Vec<_> = chunk.iter().map(|(booking, _)| tables.content_by_id(*booking)).collect();
            for ((booking, version), by_id) in chunk.iter().zip(try_join_all(asked).await?) {
                let same = by_id.is_some_and(|content| content.0 == *version);
                tally.judge(
                    (!same).then(|| format!("booking {booking}: {table} has what bookings_by_id has not")),
                );
            }
        }
    }
    Ok(())
}

/// Purged bookings that are not in the archive.
async fn purged(stores: &Stores, tables: &Tables<'_>, tally: &mut Tally) -> Result<(), BoxError> {
    let sql = "select booking_id from purged_bookings where booking_id > ? order by booking_id limit ?";
    let mut after = Uuid::nil();
    loop {
        let page: Vec<Uuid> = sqlx::query_scalar(sql)
            .bind(after)
            .bind(stores.settings.audit.page)
            .fetch_all(&stores.booking)
            .await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = *last;
        for ids in page.chunks(SIDE_BY_SIDE) {
            let asked: Vec<_> = ids.iter().map(|booking| tables.content_by_id(*booking)).collect();
            for (booking, content) in ids.iter().zip(try_join_all(asked).await?) {
                let lost =
                    content.is_none().then(|| format!("booking {booking} is purged and not in the archive"));
                tally.judge(lost);
            }
        }
    }
}
