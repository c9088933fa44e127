//! What an operator must look at: payments in review, and callbacks that name no booking of ours.

use chrono::NaiveDateTime;
use domain::{BookingId, Instant, Money, PaymentId};
use sqlx::{FromRow, MySqlPool};
use uuid::Uuid;

/// A payment in review.
#[derive(Debug, Clone)]
pub struct Reviewed {
    /// The payment.
    pub payment_id: PaymentId,
    /// Its booking.
    pub booking_id: BookingId,
    /// What was asked for.
    pub amount: Money,
    /// What the provider has taken.
    pub captured: Money,
    /// The provider's name for the capture.
    pub provider_reference: Option<String>,
    /// Since when.
    pub updated_at: Instant,
}

#[derive(FromRow)]
struct Row {
    payment_id: Uuid,
    booking_id: Uuid,
    amount: i64,
    captured: i64,
    currency: String,
    captured_currency: String,
    provider_reference: Option<String>,
    updated_at: NaiveDateTime,
}

const COLUMNS: &str = "payment_id, booking_id, amount, captured, currency, \
                       coalesce(captured_currency, currency) as captured_currency, provider_reference, updated_at";

/// At most `limit` payments in review after a place in the list, the oldest first.
pub async fn in_review(
    pool: &MySqlPool,
    after: Option<(Instant, PaymentId)>,
    limit: u32,
) -> Result<Vec<Reviewed>, sqlx::Error> {
    let sql = format!(
        "select {COLUMNS} from payments where status = 'in_review' \
         and (? is null or updated_at > ? or (updated_at = ? and payment_id > ?)) \
         order by updated_at, payment_id limit ?"
    );
    let (at, id) = (after.map(|(at, _)| at.naive_utc()), after.map(|(_, id)| id.uuid()));
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(at)
        .bind(at)
        .bind(at)
        .bind(id)
        .bind(limit)
        .fetch_all(pool)
        .await?;
    rows.into_iter().map(Row::read).collect()
}

/// The booking of a payment that the provider has said something about.
pub async fn booking_of(pool: &MySqlPool, payment: PaymentId) -> Result<Option<BookingId>, sqlx::Error> {
    let sql = "select booking_id from payments where payment_id = ?";
    let id: Option<Uuid> = sqlx::query_scalar(sql).bind(payment.uuid()).fetch_optional(pool).await?;
    Ok(id.map(BookingId::from_uuid))
}

impl Row {
    fn read(self) -> Result<Reviewed, sqlx::Error> {
        Ok(Reviewed {
            payment_id: PaymentId::from_uuid(self.payment_id),
            booking_id: BookingId::from_uuid(self.booking_id),
            amount: super::owed::money(self.amount, &self.currency)?,
            captured: super::owed::money(self.captured, &self.captured_currency)?,
            provider_reference: self.provider_reference,
            updated_at: Instant::from_naive_utc(self.updated_at),
        })
    }
}

/// A callback that names no booking of ours.
#[derive(Debug, Clone)]
pub struct Unmatched {
    /// The provider's name for the message.
    pub webhook_id: String,
    /// Its type.
    pub kind: String,
    /// The payment it names.
    pub payment_id: Option<PaymentId>,
    /// The booking it names.
    pub booking_id: Option<BookingId>,
    /// The provider's name for the capture.
    pub provider_reference: Option<String>,
    /// How much.
    pub amount: Option<Money>,
    /// When it came.
    pub received_at: Instant,
}

#[derive(FromRow)]
struct UnmatchedRow {
    webhook_id: String,
    kind: String,
    payment_id: Option<Uuid>,
    booking_id: Option<Uuid>,
    provider_reference: Option<String>,
    amount: Option<i64>,
    currency: Option<String>,
    received_at: NaiveDateTime,
}

/// At most `limit` callbacks with this outcome after a place in the list, the oldest first.
pub async fn unmatched(
    pool: &MySqlPool,
    outcome: &str,
    after: Option<(Instant, String)>,
    limit: u32,
) -> Result<Vec<Unmatched>, sqlx::Error> {
    let sql = "select webhook_id, kind, payment_id, booking_id, provider_reference, amount, currency, received_at \
               from payment_events where outcome = ? \
               and (? is null or received_at > ? or (received_at = ? and webhook_id > ?)) \
               order by received_at, webhook_id limit ?";
    let (at, id) = (after.as_ref().map(|(at, _)| at.naive_utc()), after.map(|(_, id)| id));
    let rows: Vec<UnmatchedRow> = sqlx::query_as(sql)
        .bind(outcome.to_owned())
        .bind(at)
        .bind(at)
        .bind(at)
        .bind(id)
        .bind(limit)
        .fetch_all(pool)
        .await?;
    Ok(rows.into_iter().map(UnmatchedRow::read).collect())
}

impl UnmatchedRow {
    fn read(self) -> Unmatched {
        let amount = self.amount.zip(self.currency);
        Unmatched {
            webhook_id: self.webhook_id,
            kind: self.kind,
            payment_id: self.payment_id.map(PaymentId::from_uuid),
            booking_id: self.booking_id.map(BookingId::from_uuid),
            provider_reference: self.provider_reference,
            amount: amount.and_then(|(amount, currency)| super::owed::money(amount, &currency).ok()),
            received_at: Instant::from_naive_utc(self.received_at),
        }
    }
}
