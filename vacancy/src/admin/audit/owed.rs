//! Invariant 5, its second half: what is owed to the provider is settled in time.

use async_trait::async_trait;
use chrono::NaiveDateTime;
use platform::causes::BoxError;
use uuid::Uuid;

use super::{Check, Tally};
use crate::admin::Stores;

pub(super) struct Owed;

const QUERIES: [(&str, &str, &str); 2] = [
    (
        "void",
        "select count(*) from voids where status in ('owed', 'sent', 'failed')",
        "select void_id, booking_id, cast(status as char), created_at, last_error from voids where status in ('owed', 'sent', 'failed') \
         and created_at < utc_timestamp(6) - interval ? minute",
    ),
    (
        "refund",
        "select count(*) from refunds where status in ('owed', 'sent', 'failed')",
        "select refund_id, booking_id, cast(status as char), created_at, last_error from refunds \
         where status = 'failed' or (status in ('owed', 'sent') and created_at < utc_timestamp(6) - interval ? minute)",
    ),
];

#[async_trait]
impl Check for Owed {
    fn name(&self) -> &'static str {
        "owed"
    }

    fn promise(&self) -> &'static str {
        "no void or refund is owed for longer than the bound, and none is refused (5)"
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let settings = &stores.settings.audit;
        let mut tally = Tally::new(settings.shown);
        for (word, count, old) in QUERIES {
            let open: i64 = sqlx::query_scalar(count).fetch_one(&stores.booking).await?;
            tally.looked_at(open.unsigned_abs());
            let rows: Vec<(Uuid, Uuid, String, NaiveDateTime, Option<String>)> =
                sqlx::query_as(old).bind(settings.owed_minutes).fetch_all(&stores.booking).await?;
            for (id, booking, status, since, error) in rows {
                let stands = if status == "failed" { "refused, money owed" } else { "owed" };
                let why = error.unwrap_or_else(|| "never tried".to_owned());
                tally.breach(|| {
                    format!("{word} {id} of booking {booking}: {stands} since {since} UTC: {why}")
                });
            }
        }
        Ok(tally)
    }
}
