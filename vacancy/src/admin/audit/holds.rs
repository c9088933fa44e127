//! Invariant 6: a hold dies on time.

use async_trait::async_trait;
use chrono::{NaiveDateTime, TimeDelta};
use domain::{BookingId, Instant};
use platform::causes::BoxError;
use uuid::Uuid;

use super::{Check, Tally};
use crate::admin::Stores;

pub(super) struct Holds;

#[async_trait]
impl Check for Holds {
    fn name(&self) -> &'static str {
        "holds"
    }

    fn promise(&self) -> &'static str {
        "no hold outlives its end by more than the grace (6)"
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let settings = &stores.settings.audit;
        let mut tally = Tally::new(settings.shown);
        let held: i64 = sqlx::query_scalar("select count(*) from bookings where status = 'RESERVED'")
            .fetch_one(&stores.booking)
            .await?;
        tally.looked_at(held.unsigned_abs());
        let grace = TimeDelta::milliseconds(i64::from(settings.hold_grace_ms));
        let due = stores.now().await?.plus(-grace);
        // Not by due_at, which the jobs go by: it might be what is wrong.
        let sql = "select booking_id, hold_expires_at from bookings where status = 'RESERVED' and hold_expires_at < ?";
        let late: Vec<(Uuid, NaiveDateTime)> =
            sqlx::query_as(sql).bind(due.naive_utc()).fetch_all(&stores.booking).await?;
        for (booking, end) in late {
            let (booking, end) = (BookingId::from_uuid(booking), Instant::from_naive_utc(end));
            tally.breach(|| format!("booking {booking}: held although its hold ended at {end}"));
        }
        Ok(tally)
    }
}
