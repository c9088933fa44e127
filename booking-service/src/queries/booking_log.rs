//! The bookings' log, as its retention walks over it.

use domain::{BookingId, Instant};
use sqlx::MySqlPool;
use uuid::Uuid;

/// Before every booking.
pub const FIRST: BookingId = BookingId::from_uuid(Uuid::nil());

/// What a step of the walk did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Go on behind it; none at the end.
    pub last: Option<BookingId>,
    /// Entries deleted.
    pub deleted: u64,
}

/// Deletes the entries from before `before` of the next `chunk` bookings behind `after`. A booking's id tells when it was
/// made, so the walk ends where nothing can be old enough.
pub async fn delete(
    pool: &MySqlPool,
    after: BookingId,
    before: Instant,
    chunk: u32,
) -> Result<Step, sqlx::Error> {
    let sql = "select max(booking_id) from (select distinct booking_id from booking_log \
               where booking_id > ? and booking_id < ? order by booking_id limit ?) as next";
    let last: Option<Uuid> =
        sqlx::query_scalar(sql).bind(after.uuid()).bind(made_at(before)).bind(chunk).fetch_one(pool).await?;
    let Some(last) = last else { return Ok(Step { last: None, deleted: 0 }) };
    let sql = "delete from booking_log where booking_id > ? and booking_id <= ? and at < ?";
    let delete = sqlx::query(sql).bind(after.uuid()).bind(last).bind(before.naive_utc());
    let deleted = super::touched(delete, pool).await?;
    Ok(Step { last: Some(BookingId::from_uuid(last)), deleted })
}

/// The least id of a booking made at that moment (RFC 9562, 5.7: milliseconds since 1970 in the first 48 bits).
fn made_at(at: Instant) -> Uuid {
    Uuid::from_u128(u128::try_from(at.utc().timestamp_millis()).unwrap_or_default() << 80)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn log(pool: &MySqlPool, booking: Uuid, version: i64, at: &str) {
        let sql = "insert into booking_log (booking_id, hotel_id, version, at, happening, from_status, to_status, actor_kind) \
                   values (?, x'00', ?, ?, 'booked', 'RESERVED', 'BOOKED', 'provider')";
        sqlx::query(sql).bind(booking).bind(version).bind(at).execute(pool).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn old_entries_go_and_young_ones_stay_booking_by_booking() {
        let db = testkit::mysql::booking().await;
        let moment = |text: &str| text.parse::<Instant>().unwrap();
        let [early, late, new] = ["2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z", "2026-06-01T00:00:00Z"]
            .map(|at| made_at(moment(at)));
        log(&db.pool, early, 2, "2025-01-01 00:01:00").await;
        log(&db.pool, early, 3, "2026-07-01 00:00:00").await;
        log(&db.pool, late, 2, "2025-02-01 00:01:00").await;
        log(&db.pool, new, 2, "2026-06-01 00:01:00").await;
        let (mut after, mut deleted) = (FIRST, 0);
        while let Some(last) = {
            let step = delete(&db.pool, after, moment("2026-01-01T00:00:00Z"), 1).await.unwrap();
            deleted += step.deleted;
            step.last
        } {
            after = last;
        }
        assert_eq!((deleted, after.uuid()), (2, late));
        assert_eq!(db.number("select count(*) from booking_log").await, 2);
    }
}
