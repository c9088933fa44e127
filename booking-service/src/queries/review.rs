//! What an operator must look at: payments in review, and callbacks that could not be carried out.

use chrono::NaiveDateTime;
use domain::{BookingId, Instant, Money, PaymentId};
use sqlx::{FromRow, MySqlPool};
use uuid::Uuid;

use super::Part;
use crate::{
    domain::outcome,
    rows::{UnreadableRow, money, readable},
};

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

/// At most `size` payments in review after a place in the list, the oldest first.
pub async fn in_review(
    pool: &MySqlPool,
    after: Option<(Instant, PaymentId)>,
    size: u32,
) -> Result<Part<Reviewed, (Instant, PaymentId)>, sqlx::Error> {
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
        .bind(size.saturating_add(1))
        .fetch_all(pool)
        .await?;
    let place = |row: &Row| (Instant::from_naive_utc(row.updated_at), PaymentId::from_uuid(row.payment_id));
    let (rows, next) = super::part(rows, size, place);
    Ok((readable(rows, Row::read), next))
}

/// The booking of a payment that the provider has said something about.
pub async fn booking_of(pool: &MySqlPool, payment: PaymentId) -> Result<Option<BookingId>, sqlx::Error> {
    let sql = "select booking_id from payments where payment_id = ?";
    let id: Option<Uuid> = sqlx::query_scalar(sql).bind(payment.uuid()).fetch_optional(pool).await?;
    Ok(id.map(BookingId::from_uuid))
}

impl Row {
    fn read(self) -> Result<Reviewed, UnreadableRow> {
        let amount = |amount, currency: &str| {
            money(amount, currency).map_err(|error| UnreadableRow::of("payments", self.payment_id, error))
        };
        Ok(Reviewed {
            payment_id: PaymentId::from_uuid(self.payment_id),
            booking_id: BookingId::from_uuid(self.booking_id),
            amount: amount(self.amount, &self.currency)?,
            captured: amount(self.captured, &self.captured_currency)?,
            updated_at: Instant::from_naive_utc(self.updated_at),
            provider_reference: self.provider_reference,
        })
    }
}

/// A callback that could not be carried out.
#[derive(Debug, Clone)]
pub struct Unmatched {
    /// The provider's name for the message.
    pub webhook_id: String,
    /// Its type.
    pub kind: String,
    /// Why it was not carried out: one of [`outcome`].
    pub outcome: String,
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
    outcome: String,
    payment_id: Option<Uuid>,
    booking_id: Option<Uuid>,
    provider_reference: Option<String>,
    amount: Option<i64>,
    currency: Option<String>,
    received_at: NaiveDateTime,
}

/// At most `size` callbacks that wait for an operator after a place in the list, the oldest first.
pub async fn unmatched(
    pool: &MySqlPool,
    after: Option<(Instant, String)>,
    size: u32,
) -> Result<Part<Unmatched, (Instant, String)>, sqlx::Error> {
    let sql = format!(
        "select webhook_id, kind, outcome, payment_id, booking_id, provider_reference, amount, currency, received_at \
         from payment_events where outcome in {} and dismissed_at is null \
         and (? is null or received_at > ? or (received_at = ? and webhook_id > ?)) \
         order by received_at, webhook_id limit ?",
        outcome::IN_SQL
    );
    let (at, id) = (after.as_ref().map(|(at, _)| at.naive_utc()), after.map(|(_, id)| id));
    let rows: Vec<UnmatchedRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(at)
        .bind(at)
        .bind(at)
        .bind(id)
        .bind(size.saturating_add(1))
        .fetch_all(pool)
        .await?;
    let place = |row: &UnmatchedRow| (Instant::from_naive_utc(row.received_at), row.webhook_id.clone());
    let (rows, next) = super::part(rows, size, place);
    Ok((rows.into_iter().map(UnmatchedRow::read).collect(), next))
}

/// Takes a callback from the list; false if it does not stand there and never did.
pub async fn dismiss(pool: &MySqlPool, webhook_id: &str) -> Result<bool, sqlx::Error> {
    let sql = format!(
        "update payment_events set dismissed_at = coalesce(dismissed_at, utc_timestamp(6)) \
         where webhook_id = ? and outcome in {}",
        outcome::IN_SQL
    );
    let changed = super::touched(sqlx::query(sqlx::AssertSqlSafe(sql)).bind(webhook_id.to_owned()), pool);
    Ok(changed.await? > 0)
}

impl UnmatchedRow {
    fn read(self) -> Unmatched {
        let amount = self.amount.zip(self.currency);
        Unmatched {
            webhook_id: self.webhook_id,
            kind: self.kind,
            outcome: self.outcome,
            payment_id: self.payment_id.map(PaymentId::from_uuid),
            booking_id: self.booking_id.map(BookingId::from_uuid),
            provider_reference: self.provider_reference,
            amount: amount.and_then(|(amount, currency)| money(amount, &currency).ok()),
            received_at: Instant::from_naive_utc(self.received_at),
        }
    }
}
