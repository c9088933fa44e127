//! Payments the provider should have told us about: of holds that are over and still RESERVED. Those of ended bookings
//! have a void owed, and sending it asks.

use chrono::NaiveDateTime;
use domain::{BookingId, Instant, PaymentId};
use sqlx::MySqlPool;
use uuid::Uuid;

/// A payment to ask about.
#[derive(Debug, Clone, Copy)]
pub struct Silent {
    pub(crate) payment_id: PaymentId,
    pub(crate) booking_id: BookingId,
    due_at: NaiveDateTime,
}

/// At most `limit` pending payments past their hold (details.md, Payments) after a place in the list, the oldest first.
pub async fn silent(
    pool: &MySqlPool,
    now: Instant,
    after: Option<Silent>,
    limit: usize,
) -> Result<Vec<Silent>, sqlx::Error> {
    let sql = "select booking_id, payment_id, due_at from bookings where status = 'RESERVED' and due_at < ? \
               and (? is null or due_at > ? or (due_at = ? and booking_id > ?)) \
               order by due_at, booking_id limit ?";
    let (due_at, id) = (after.map(|after| after.due_at), after.map(|after| after.booking_id.uuid()));
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    let query = sqlx::query_as(sql).bind(now.naive_utc()).bind(due_at).bind(due_at).bind(due_at).bind(id);
    let rows: Vec<(Uuid, Uuid, NaiveDateTime)> = query.bind(limit).fetch_all(pool).await?;
    let read = |(booking, payment, due_at)| Silent {
        payment_id: PaymentId::from_uuid(payment),
        booking_id: BookingId::from_uuid(booking),
        due_at,
    };
    Ok(rows.into_iter().map(read).collect())
}
