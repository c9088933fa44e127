//! Payments the provider should have told us about: of holds that are long over, and those whose void it has not
//! confirmed.

use domain::{BookingId, Instant, PaymentId};
use sqlx::MySqlPool;
use uuid::Uuid;

/// A payment to ask about.
#[derive(Debug, Clone, Copy)]
pub struct Silent {
    /// The payment.
    pub payment_id: PaymentId,
    /// Its booking.
    pub booking_id: BookingId,
}

/// Pending payments past their hold (details.md, Payments), those after `after` in the order of their bookings.
pub async fn silent(
    pool: &MySqlPool,
    now: Instant,
    after: Option<BookingId>,
    limit: u32,
) -> Result<Vec<Silent>, sqlx::Error> {
    // A payment has no row until the provider has said something: of a booking that has ended, its void tells that it is
    // pending.
    let sql = "select booking_id, payment_id from bookings where status = 'RESERVED' and due_at < ? and booking_id > ? \
               union select booking_id, payment_id from voids where status in ('owed', 'sent') and booking_id > ? \
               order by booking_id limit ?";
    let after = after.map_or(Uuid::nil(), BookingId::uuid);
    let rows: Vec<(Uuid, Uuid)> =
        sqlx::query_as(sql).bind(now.naive_utc()).bind(after).bind(after).bind(limit).fetch_all(pool).await?;
    let read = |(booking, payment)| Silent {
        payment_id: PaymentId::from_uuid(payment),
        booking_id: BookingId::from_uuid(booking),
    };
    Ok(rows.into_iter().map(read).collect())
}
