//! Deletes of expired book-keeping, in chunks over the index of their expiry. Payments, refunds, invoices and purged
//! bookings are never deleted (domain.md, Tables).

use chrono::{Days, NaiveDate, TimeDelta};
use domain::Instant;
use sqlx::MySqlPool;

use crate::domain::outcome;

/// Deletes at most `chunk` callbacks received more than `days` ago, unless an operator still has to look at them.
pub async fn payment_events(
    pool: &MySqlPool,
    now: Instant,
    days: u32,
    chunk: u32,
) -> Result<u64, sqlx::Error> {
    let before = now.plus(TimeDelta::days(-i64::from(days)));
    let sql = format!(
        "delete from payment_events where received_at < ? and (outcome not in {} or dismissed_at is not null) \
         order by received_at limit ?",
        outcome::IN_SQL
    );
    super::touched(sqlx::query(sqlx::AssertSqlSafe(sql)).bind(before.naive_utc()).bind(chunk), pool).await
}

/// Deletes at most `chunk` voids that were settled more than `days` ago.
pub async fn voids(pool: &MySqlPool, now: Instant, days: u32, chunk: u32) -> Result<u64, sqlx::Error> {
    let before = now.plus(TimeDelta::days(-i64::from(days)));
    let sql = "delete from voids where finished_at < ? order by finished_at limit ?";
    super::touched(sqlx::query(sql).bind(before.naive_utc()).bind(chunk), pool).await
}

/// Deletes at most `chunk` nights more than `days` before `today`.
pub async fn past_nights(
    pool: &MySqlPool,
    today: NaiveDate,
    days: u32,
    chunk: u32,
) -> Result<u64, sqlx::Error> {
    let before = today.checked_sub_days(Days::new(u64::from(days))).unwrap_or(NaiveDate::MIN);
    let sql = "delete from available_rooms where date < ? order by date limit ?";
    super::touched(sqlx::query(sql).bind(before).bind(chunk), pool).await
}
