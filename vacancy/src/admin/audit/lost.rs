//! Invariant 2, inside MySQL: what outlives a booking names one that is here or purged, and no booking is both.

use async_trait::async_trait;
use platform::causes::BoxError;
use uuid::Uuid;

use super::{Check, Tally};
use crate::admin::Stores;

pub(super) struct Lost;

/// What names a booking and outlives it.
const NAMES: [(&str, &str); 5] = [
    ("payment", "payments"),
    ("refund", "refunds"),
    ("void", "voids"),
    ("invoice", "invoices"),
    ("credit note", "credit_notes"),
];

#[async_trait]
impl Check for Lost {
    fn name(&self) -> &'static str {
        "lost"
    }

    fn promise(&self) -> &'static str {
        "whatever names a booking names one that is active or purged, and none is both (2)"
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let mut tally = Tally::new(stores.settings.audit.shown);
        let mut conn = stores.booking_as_of_now().await?;
        for (word, table) in NAMES {
            // The table's name is one of the constants above.
            let count = format!("select count(*) from {table}");
            let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(count)).fetch_one(&mut *conn).await?;
            tally.looked_at(count.unsigned_abs());
            let sql = format!(
                "select t.booking_id from {table} t left join bookings b on b.booking_id = t.booking_id \
                 left join purged_bookings p on p.booking_id = t.booking_id \
                 where b.booking_id is null and p.booking_id is null"
            );
            let lost: Vec<Uuid> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *conn).await?;
            for id in lost {
                tally.breach(|| format!("booking {id} is nowhere, a {word} names it"));
            }
        }
        let sql = "select b.booking_id from bookings b join purged_bookings p on p.booking_id = b.booking_id";
        let both: Vec<Uuid> = sqlx::query_scalar(sql).fetch_all(&mut *conn).await?;
        for id in both {
            tally.breach(|| format!("booking {id} is active and purged at once"));
        }
        Ok(tally)
    }
}
