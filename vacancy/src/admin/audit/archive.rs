//! Invariant 2: MySQL and Cassandra. All three tables of the archive agree, what was purged is there, MySQL's version is
//! never the lower.
//!
//! Each table is read whole, once, and what it holds is summed up in parts: where the sums are alike, so are the tables. Where
//! some are not, as always while bookings are copied, the tables are read once more, and the bookings of those parts alone are
//! looked up in the other tables, to name those that differ: four reads of one row for each.

mod one_by_one;
mod sum;
mod tables;

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use platform::causes::BoxError;
use sqlx::{FromRow, MySql, MySqlPool, QueryBuilder};
use uuid::Uuid;

use self::{
    sum::{Counts, Parts, Sums},
    tables::{Copied, Tables},
};
use super::{Check, Tally, bookings};
use crate::admin::Stores;

pub(super) struct Archive;

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
        let seen = by_id(stores, &tables, &mut tally).await?;
        let (by_user, by_hotel) = (tables.by_user().await?, tables.by_hotel().await?);
        tally.looked_at(by_user.rows().saturating_add(by_hotel.rows()));
        let unlike = by_user.unlike(&seen.by_user).or(by_hotel.unlike(&seen.by_hotel));
        if !unlike.is_empty() {
            one_by_one::tables(&tables, &unlike, &mut tally).await?;
        }
        purged(stores, &tables, (&seen.purged, &mut tally)).await?;
        Ok(tally)
    }
}

/// What `bookings_by_id` holds.
#[derive(Default)]
struct Seen {
    /// As `bookings_by_user` has to hold it.
    by_user: Sums,
    /// As `bookings_by_hotel` has to hold it.
    by_hotel: Sums,
    /// Those of them that MySQL has purged.
    purged: Counts,
}

async fn by_id(stores: &Stores, tables: &Tables<'_>, tally: &mut Tally) -> Result<Seen, BoxError> {
    let mut seen = Seen::default();
    let mut chunks = tables.all_by_id().await?.try_chunks(tables.page);
    while let Some(chunk) = chunks.next().await {
        let chunk = whole(chunk.map_err(|error| error.1)?, tally);
        let active = active(&stores.booking, &chunk).await?;
        for copy in &chunk {
            let (booking, row) = (copy.booking_id, active.get(&copy.booking_id));
            seen.by_user.add(&copy.by_user());
            seen.by_hotel.add(&copy.by_hotel());
            if row.is_some_and(|row| row.is_purged) {
                seen.purged.add(booking);
            }
            let wrong = copy.damaged().into_iter().chain(beside_mysql(copy, row));
            tally.judge(wrong.map(|says| format!("booking {booking}: {says}")));
        }
    }
    Ok(seen)
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

/// Purged bookings that are not in the archive. Nothing is ever purged back: where as many are purged now as were seen in
/// the archive before, they are the same.
async fn purged(
    stores: &Stores,
    tables: &Tables<'_>,
    (seen, tally): (&Counts, &mut Tally),
) -> Result<(), BoxError> {
    let count: i64 =
        sqlx::query_scalar("select count(*) from purged_bookings").fetch_one(&stores.booking).await?;
    tally.looked_at(count.unsigned_abs());
    if count.unsigned_abs() == seen.rows() {
        return Ok(());
    }
    let mut all = Counts::default();
    let mut pages = Box::pin(all_purged(stores));
    while let Some(page) = pages.try_next().await? {
        for booking in page {
            all.add(booking);
        }
    }
    let unlike: Parts = all.unlike(seen);
    let mut pages = Box::pin(all_purged(stores));
    while let Some(page) = pages.try_next().await? {
        let page: Vec<Uuid> = page.into_iter().filter(|booking| unlike.have(*booking)).collect();
        one_by_one::purged(tables, &page, tally).await?;
    }
    Ok(())
}

/// The ids of all purged bookings, page by page.
fn all_purged(stores: &Stores) -> impl Stream<Item = Result<Vec<Uuid>, sqlx::Error>> + use<'_> {
    let sql = "select booking_id from purged_bookings where booking_id > ? order by booking_id limit ?";
    stream::try_unfold(Uuid::nil(), move |after| async move {
        let query = sqlx::query_scalar(sql).bind(after).bind(stores.settings.audit.page);
        let page: Vec<Uuid> = query.fetch_all(&stores.booking).await?;
        Ok(page.last().copied().map(|last| (page, last)))
    })
}
