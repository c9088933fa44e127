//! The test clock: one row with an offset, which only grows.

use sqlx::MySqlPool;

/// Moves the clock forward by `advance_us` microseconds.
pub async fn advance(pool: &MySqlPool, advance_us: i64) -> Result<(), sqlx::Error> {
    let sql = "insert into dev_clock (only_row, offset_us) values (1, ?) as new \
               on duplicate key update offset_us = dev_clock.offset_us + new.offset_us";
    super::touched(sqlx::query(sql).bind(advance_us), pool).await.map(drop)
}
