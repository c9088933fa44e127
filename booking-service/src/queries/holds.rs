//! Holds near their end: found by the sweep, claimed by a lease on the row.

use std::time::Duration;

use domain::{BookingId, Instant};
use sqlx::MySqlPool;
use uuid::Uuid;

/// Holds that end before `until` and that nobody works on, the most urgent first.
pub async fn due(pool: &MySqlPool, until: Instant, limit: u32) -> Result<Vec<BookingId>, sqlx::Error> {
    let sql = "select booking_id from bookings where status = 'RESERVED' and due_at <= ? \
               and (lease_until is null or lease_until < utc_timestamp(6)) order by due_at limit ?";
    let rows: Vec<Uuid> = sqlx::query_scalar(sql).bind(until.naive_utc()).bind(limit).fetch_all(pool).await?;
    Ok(rows.into_iter().map(BookingId::from_uuid).collect())
}

/// Claims the end of a hold for `lease_ms`, on the database's own clock; false if somebody else has it or it has
/// ended. Does not raise `version` (details.md, Holds).
pub async fn claim(pool: &MySqlPool, booking: BookingId, lease_ms: u32) -> Result<bool, sqlx::Error> {
    let sql = "update bookings set lease_until = utc_timestamp(6) + interval ? microsecond \
               where booking_id = ? and status = 'RESERVED' \
               and (lease_until is null or lease_until < utc_timestamp(6))";
    let lease_us = u64::from(lease_ms).saturating_mul(1_000);
    let query = sqlx::query(sql).bind(lease_us).bind(booking.uuid());
    Ok(super::touched(query, pool).await? == 1)
}

/// Gives a claim back, so that the next sweep may take it up at once.
pub async fn release(pool: &MySqlPool, booking: BookingId) -> Result<(), sqlx::Error> {
    keep_for(pool, booking, Duration::ZERO).await
}

/// Gives a claim back after so long.
pub async fn keep_for(pool: &MySqlPool, booking: BookingId, wait: Duration) -> Result<(), sqlx::Error> {
    let sql = "update bookings set lease_until = utc_timestamp(6) + interval ? microsecond \
               where booking_id = ? and status = 'RESERVED'";
    let wait_us = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
    super::touched(sqlx::query(sql).bind(wait_us).bind(booking.uuid()), pool).await.map(drop)
}
