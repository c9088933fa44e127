//! Refunds that the provider has not confirmed, for operators, and the other name of one that it refuses.

use chrono::NaiveDateTime;
use domain::{BookingId, Instant, Money, PaymentId, RefundId};
use sqlx::{FromRow, MySqlPool};
use uuid::Uuid;

use super::Part;
use crate::{
    rows::{UnreadableRow, money, readable},
    store::StoreError,
};

/// A refund as an operator sees it.
#[derive(Debug, Clone)]
pub struct Standing {
    pub(crate) refund_id: RefundId,
    /// What the provider knows it by.
    pub(crate) provider_refund_id: RefundId,
    pub(crate) payment_id: PaymentId,
    pub(crate) booking_id: BookingId,
    pub(crate) amount: Money,
    /// As stored: `owed`, `failed` (refused) or `succeeded`.
    pub(crate) status: String,
    /// How often it was sent under this name.
    pub(crate) attempts: u32,
    /// What went wrong last.
    pub(crate) last_error: Option<String>,
    /// Since when it is owed.
    pub(crate) since: Instant,
}

#[derive(FromRow)]
struct Row {
    refund_id: Uuid,
    provider_refund_id: Uuid,
    payment_id: Uuid,
    booking_id: Uuid,
    amount: i64,
    currency: String,
    status: String,
    attempts: u32,
    last_error: Option<String>,
    created_at: NaiveDateTime,
}

const COLUMNS: &str = "refund_id, coalesce(provider_refund_id, refund_id) as provider_refund_id, payment_id, booking_id, \
                       amount, currency, cast(status as char) as status, attempts, last_error, created_at";

/// At most `size` refunds that are not confirmed after a place in the list, the oldest first; or only the refused ones.
pub async fn open(
    pool: &MySqlPool,
    refused: bool,
    after: Option<(Instant, RefundId)>,
    size: u32,
) -> Result<Part<Standing, (Instant, RefundId)>, sqlx::Error> {
    let which = if refused { "status = 'failed'" } else { "status in ('owed', 'sent', 'failed')" };
    let sql = format!(
        "select {COLUMNS} from refunds where {which} \
         and (? is null or created_at > ? or (created_at = ? and refund_id > ?)) \
         order by created_at, refund_id limit ?"
    );
    let (at, id) = (after.map(|(at, _)| at.naive_utc()), after.map(|(_, id)| id.uuid()));
    let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(at).bind(at).bind(at).bind(id);
    let rows: Vec<Row> = query.bind(size.saturating_add(1)).fetch_all(pool).await?;
    let place = |row: &Row| (Instant::from_naive_utc(row.created_at), RefundId::from_uuid(row.refund_id));
    let (rows, next) = super::part(rows, size, place);
    Ok((readable(rows, Row::read), next))
}

/// One refund.
pub async fn find(pool: &MySqlPool, refund: RefundId) -> Result<Option<Standing>, StoreError> {
    let sql = format!("select {COLUMNS} from refunds where refund_id = ?");
    let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(refund.uuid());
    let row: Option<Row> = query.fetch_optional(pool).await?;
    Ok(row.map(Row::read).transpose().map_err(|unreadable| sqlx::Error::Decode(unreadable.into()))?)
}

/// Owes a refused refund again, under this name; one that is not refused, or has another name by now, stays as it is.
pub async fn renew(
    pool: &MySqlPool,
    refused: &Standing,
    name: RefundId,
    operator: &str,
) -> Result<bool, sqlx::Error> {
    let sql = "update refunds set status = 'owed', provider_refund_id = ?, attempts = 0, next_attempt_at = null, \
               last_error = null, renewed_at = utc_timestamp(6), renewed_by = left(?, 255), version = version + 1, \
               updated_at = utc_timestamp(6) \
               where refund_id = ? and status = 'failed' and coalesce(provider_refund_id, refund_id) = ?";
    let query = sqlx::query(sql).bind(name.uuid()).bind(operator.to_owned());
    let query = query.bind(refused.refund_id.uuid()).bind(refused.provider_refund_id.uuid());
    Ok(super::touched(query, pool).await? == 1)
}

impl Standing {
    /// Whether the provider refuses it.
    pub fn is_refused(&self) -> bool {
        self.status == "failed"
    }
}

impl Row {
    fn read(self) -> Result<Standing, UnreadableRow> {
        let amount = money(self.amount, &self.currency);
        Ok(Standing {
            refund_id: RefundId::from_uuid(self.refund_id),
            provider_refund_id: RefundId::from_uuid(self.provider_refund_id),
            payment_id: PaymentId::from_uuid(self.payment_id),
            booking_id: BookingId::from_uuid(self.booking_id),
            amount: amount.map_err(|error| UnreadableRow::of("refunds", self.refund_id, error))?,
            status: self.status,
            attempts: self.attempts,
            last_error: self.last_error,
            since: Instant::from_naive_utc(self.created_at),
        })
    }
}
