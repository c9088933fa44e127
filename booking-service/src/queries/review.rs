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
    pub(crate) payment_id: PaymentId,
    pub(crate) booking_id: BookingId,
    /// What was asked for.
    pub(crate) amount: Money,
    /// What the provider has taken.
    pub(crate) captured: Money,
    /// The provider's name for the capture.
    pub(crate) provider_reference: Option<String>,
    /// Since when.
    pub(crate) updated_at: Instant,
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
    pub(crate) webhook_id: String,
    /// The hash of its body, in hexadecimal.
    pub(crate) body_sha256: String,
    pub(crate) kind: String,
    /// Why it was not carried out: one of [`outcome`].
    pub(crate) outcome: String,
    pub(crate) payment_id: Option<PaymentId>,
    pub(crate) booking_id: Option<BookingId>,
    /// The provider's name for the capture.
    pub(crate) provider_reference: Option<String>,
    pub(crate) amount: Option<Money>,
    pub(crate) received_at: Instant,
}

#[derive(FromRow)]
struct UnmatchedRow {
    webhook_id: String,
    body_sha256: String,
    kind: String,
    outcome: String,
    payment_id: Option<Uuid>,
    booking_id: Option<Uuid>,
    provider_reference: Option<String>,
    amount: Option<i64>,
    currency: Option<String>,
    received_at: NaiveDateTime,
}

/// When it came, its webhook id and the hash of its body.
type UnmatchedPlace = (Instant, String, String);

/// At most `size` callbacks that wait for an operator after a place in the list, the oldest first.
pub async fn unmatched(
    pool: &MySqlPool,
    after: Option<UnmatchedPlace>,
    size: u32,
) -> Result<Part<Unmatched, UnmatchedPlace>, sqlx::Error> {
    let sql = format!(
        "select webhook_id, lower(hex(body_hash)) as body_sha256, kind, outcome, payment_id, booking_id, \
         provider_reference, amount, currency, received_at \
         from payment_events where outcome in {} and dismissed_at is null \
         and (? is null or (received_at, webhook_id, body_hash) > (?, ?, unhex(?))) \
         order by received_at, webhook_id, body_hash limit ?",
        outcome::IN_SQL
    );
    let (at, id, hash) = match after {
        Some((at, id, hash)) => (Some(at.naive_utc()), Some(id), Some(hash)),
        None => (None, None, None),
    };
    let rows: Vec<UnmatchedRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(at)
        .bind(at)
        .bind(id)
        .bind(hash)
        .bind(size.saturating_add(1))
        .fetch_all(pool)
        .await?;
    let place = |row: &UnmatchedRow| {
        (Instant::from_naive_utc(row.received_at), row.webhook_id.clone(), row.body_sha256.clone())
    };
    let (rows, next) = super::part(rows, size, place);
    Ok((rows.into_iter().map(UnmatchedRow::read).collect(), next))
}

/// Takes a callback from the list; false if it does not stand there and never did.
pub async fn dismiss(pool: &MySqlPool, webhook_id: &str, body_sha256: &str) -> Result<bool, sqlx::Error> {
    let sql = format!(
        "update payment_events set dismissed_at = coalesce(dismissed_at, utc_timestamp(6)) \
         where webhook_id = ? and body_hash = unhex(?) and outcome in {}",
        outcome::IN_SQL
    );
    let query =
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(webhook_id.to_owned()).bind(body_sha256.to_owned());
    Ok(super::touched(query, pool).await? > 0)
}

impl UnmatchedRow {
    fn read(self) -> Unmatched {
        let amount = self.amount.zip(self.currency);
        Unmatched {
            webhook_id: self.webhook_id,
            body_sha256: self.body_sha256,
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
