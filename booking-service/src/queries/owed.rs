//! Voids and refunds owed to the provider: which are due, and the claim of one attempt. Retries run on the database's
//! own clock, never on the test clock (api.md, CLOCK).

use domain::{BookingId, Currency, Money, PaymentId, RefundId, VoidId};
use sqlx::{FromRow, MySqlPool};
use uuid::Uuid;

/// A void to be sent.
#[derive(Debug, Clone, Copy)]
pub struct DueVoid {
    /// The void.
    pub void_id: VoidId,
    /// The payment to be voided.
    pub payment_id: PaymentId,
    /// Its booking.
    pub booking_id: BookingId,
    /// How often it was sent.
    pub attempts: u32,
}

/// A refund to be sent.
#[derive(Debug, Clone, Copy)]
pub struct DueRefund {
    /// The refund.
    pub refund_id: RefundId,
    /// The payment it gives back of.
    pub payment_id: PaymentId,
    /// Its booking.
    pub booking_id: BookingId,
    /// How much.
    pub amount: Money,
    /// How often it was sent.
    pub attempts: u32,
}

#[derive(FromRow)]
struct VoidRow {
    void_id: Uuid,
    payment_id: Uuid,
    booking_id: Uuid,
    attempts: u32,
}

#[derive(FromRow)]
struct RefundRow {
    refund_id: Uuid,
    payment_id: Uuid,
    booking_id: Uuid,
    amount: i64,
    currency: String,
    attempts: u32,
}

/// Which of two tables a claim is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owed {
    /// `voids`.
    Void(VoidId),
    /// `refunds`.
    Refund(RefundId),
}

/// Voids whose time has come; `all` also those that wait for their next attempt.
pub async fn due_voids(pool: &MySqlPool, limit: u32, all: bool) -> Result<Vec<DueVoid>, sqlx::Error> {
    let sql = "select void_id, payment_id, booking_id, attempts from voids where status in ('owed', 'sent') \
               and (? or next_attempt_at is null or next_attempt_at <= utc_timestamp(6)) \
               order by next_attempt_at, void_id limit ?";
    let rows: Vec<VoidRow> = sqlx::query_as(sql).bind(all).bind(limit).fetch_all(pool).await?;
    Ok(rows.into_iter().map(VoidRow::read).collect())
}

/// Refunds whose time has come; `all` also those that wait for their next attempt.
pub async fn due_refunds(pool: &MySqlPool, limit: u32, all: bool) -> Result<Vec<DueRefund>, sqlx::Error> {
    let sql = "select refund_id, payment_id, booking_id, amount, currency, attempts from refunds \
               where status in ('owed', 'sent') \
               and (? or next_attempt_at is null or next_attempt_at <= utc_timestamp(6)) \
               order by next_attempt_at, refund_id limit ?";
    let rows: Vec<RefundRow> = sqlx::query_as(sql).bind(all).bind(limit).fetch_all(pool).await?;
    rows.into_iter().map(RefundRow::read).collect()
}

/// Claims the next attempt: counts it and puts the one after it off by `wait_ms`. False if another process was faster.
pub async fn claim(pool: &MySqlPool, owed: Owed, attempts: u32, wait_ms: u64) -> Result<bool, sqlx::Error> {
    let (sql, id) = match owed {
        Owed::Void(id) => (
            "update voids set attempts = attempts + 1, next_attempt_at = utc_timestamp(6) + interval ? microsecond, \
             updated_at = utc_timestamp(6) where void_id = ? and attempts = ? and status in ('owed', 'sent')",
            id.uuid(),
        ),
        Owed::Refund(id) => (
            "update refunds set attempts = attempts + 1, next_attempt_at = utc_timestamp(6) + interval ? microsecond, \
             updated_at = utc_timestamp(6) where refund_id = ? and attempts = ? and status in ('owed', 'sent')",
            id.uuid(),
        ),
    };
    let query = sqlx::query(sql).bind(wait_ms.saturating_mul(1_000)).bind(id).bind(attempts);
    Ok(super::touched(query, pool).await? == 1)
}

/// Keeps what went wrong, for the operator.
pub async fn note_error(pool: &MySqlPool, owed: Owed, error: &str) -> Result<(), sqlx::Error> {
    let (sql, id) = match owed {
        Owed::Void(id) => ("update voids set last_error = left(?, 500) where void_id = ?", id.uuid()),
        Owed::Refund(id) => ("update refunds set last_error = left(?, 500) where refund_id = ?", id.uuid()),
    };
    super::touched(sqlx::query(sql).bind(error.to_owned()).bind(id), pool).await.map(drop)
}

impl VoidRow {
    fn read(self) -> DueVoid {
        DueVoid {
            void_id: VoidId::from_uuid(self.void_id),
            payment_id: PaymentId::from_uuid(self.payment_id),
            booking_id: BookingId::from_uuid(self.booking_id),
            attempts: self.attempts,
        }
    }
}

impl RefundRow {
    fn read(self) -> Result<DueRefund, sqlx::Error> {
        Ok(DueRefund {
            refund_id: RefundId::from_uuid(self.refund_id),
            payment_id: PaymentId::from_uuid(self.payment_id),
            booking_id: BookingId::from_uuid(self.booking_id),
            amount: money(self.amount, &self.currency)?,
            attempts: self.attempts,
        })
    }
}

/// An amount as stored; what does not parse is corrupt.
pub fn money(amount: i64, currency: &str) -> Result<Money, sqlx::Error> {
    let currency = Currency::parse(currency).map_err(|invalid| sqlx::Error::Decode(invalid.into()))?;
    Money::new(amount, currency).map_err(|error| sqlx::Error::Decode(error.into()))
}
