//! Statements beside the ledger: what jobs look for, what lists show, what retention deletes. None of them decides
//! about a booking; that is the ledger's.

pub mod booking_log;
pub mod calendar;
pub mod clock;
pub mod due;
pub mod facts;
pub mod gauges;
pub mod hotels;
pub mod nights;
pub mod owed;
pub mod papers;
pub mod refunds;
pub mod republish;
pub mod retention;
pub mod retold;
pub mod review;
pub mod shares;

use platform::mysql::{padded, push_list};
use sqlx::{Executor, MySql};

/// A part of a list, and the place of its last row if more follow: also a row that could not be read has its place.
pub type Part<T, P> = (Vec<T>, Option<P>);

/// The first `size` of the rows, and the place of the last of them if there are more.
fn part<R, P>(mut rows: Vec<R>, size: u32, place: impl Fn(&R) -> P) -> Part<R, P> {
    let whole = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > whole;
    rows.truncate(whole);
    let next = rows.last().filter(|_| more).map(place);
    (rows, next)
}

/// Runs a statement and says how many rows it touched.
async fn touched<'c, E: Executor<'c, Database = MySql>>(
    query: sqlx::query::Query<'_, MySql, sqlx::mysql::MySqlArguments>,
    on: E,
) -> Result<u64, sqlx::Error> {
    Ok(query.execute(on).await?.rows_affected())
}
