//! Invariant 4: one effect per idempotency key and caller.

use async_trait::async_trait;
use platform::causes::BoxError;
use sqlx::MySqlConnection;
use uuid::Uuid;

use super::{Check, Tally};
use crate::admin::Stores;

pub(super) struct Keys;

/// What must not be, and the statement that finds it.
const NEVER: [(&str, &str); 5] = [
    (
        "its idempotency key also made a purged booking",
        "select b.booking_id from bookings b join purged_bookings p on p.idempotency_scope = b.idempotency_scope",
    ),
    (
        "its idempotency key also has another operation's answer",
        "select b.booking_id from bookings b join idempotency_keys k on k.scope = b.idempotency_scope",
    ),
    (
        "its idempotency key also has another operation's answer (purged)",
        "select p.booking_id from purged_bookings p join idempotency_keys k on k.scope = p.idempotency_scope",
    ),
    (
        "its client reference also names a purged booking of the same user",
        "select b.booking_id from bookings b join purged_bookings p on p.user_id = b.user_id \
         and p.client_reference = b.client_reference",
    ),
    (
        "an answer is kept for it although it is not here any more",
        "select k.booking_id from idempotency_keys k left join bookings b on b.booking_id = k.booking_id \
         where b.booking_id is null",
    ),
];

#[async_trait]
impl Check for Keys {
    fn name(&self) -> &'static str {
        "keys"
    }

    fn promise(&self) -> &'static str {
        "each idempotency key and client reference has one effect (4)"
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let mut tally = Tally::new(stores.settings.audit.shown);
        let mut conn = stores.booking_as_of_now().await?;
        tally.looked_at(keys(&mut conn).await?);
        for (says, sql) in NEVER {
            let found: Vec<Uuid> = sqlx::query_scalar(sql).fetch_all(&mut *conn).await?;
            for booking in found {
                tally.breach(|| format!("booking {booking}: {says}"));
            }
        }
        Ok(tally)
    }
}

async fn keys(conn: &mut MySqlConnection) -> Result<u64, sqlx::Error> {
    let sql = "select (select count(*) from bookings) + (select count(*) from purged_bookings) + \
               (select count(*) from idempotency_keys)";
    let count: i64 = sqlx::query_scalar(sql).fetch_one(conn).await?;
    Ok(count.unsigned_abs())
}
