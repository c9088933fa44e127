//! Voids and refunds owed to the provider: which are due, and the claim of one attempt. Retries run on the database's
//! own clock, never on the test clock (api.md, CLOCK).

use std::time::Duration;

use chrono::NaiveDateTime;
use domain::{BookingId, HotelId, Instant, Money, PaymentId, RefundId, VoidId};
use platform::{
    causes::causes,
    mysql::{padded, push_list},
};
use sqlx::{FromRow, MySqlPool, QueryBuilder, mysql::MySqlRow};
use uuid::Uuid;

use crate::{
    rows::{UnreadableRow, money},
    shares::ShareSet,
};

/// A void to be sent.
#[derive(Debug, Clone, Copy)]
pub struct DueVoid {
    pub(crate) void_id: VoidId,
    pub(crate) payment_id: PaymentId,
    pub(crate) booking_id: BookingId,
    pub(crate) hotel_id: HotelId,
    /// How long it has been owed, by the database's clock.
    pub(crate) age: Duration,
    pub(crate) attempts: u32,
}

/// A refund to be sent.
#[derive(Debug, Clone)]
pub struct DueRefund {
    pub(crate) refund_id: RefundId,
    /// What the provider knows it by.
    pub(crate) provider_refund_id: RefundId,
    pub(crate) payment_id: PaymentId,
    pub(crate) booking_id: BookingId,
    pub(crate) hotel_id: HotelId,
    /// The provider's name for the capture that it gives back of: a payment may have been captured twice.
    pub(crate) provider_reference: Option<String>,
    pub(crate) amount: Money,
    pub(crate) attempts: u32,
}

#[derive(FromRow)]
struct VoidRow {
    void_id: Uuid,
    payment_id: Uuid,
    booking_id: Uuid,
    hotel_id: Uuid,
    age_seconds: i64,
    attempts: u32,
}

#[derive(FromRow)]
struct RefundRow {
    refund_id: Uuid,
    provider_refund_id: Uuid,
    payment_id: Uuid,
    booking_id: Uuid,
    hotel_id: Uuid,
    provider_reference: Option<String>,
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

impl Owed {
    /// Table and key.
    const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Void(_) => ("voids", "void_id"),
            Self::Refund(_) => ("refunds", "refund_id"),
        }
    }

    const fn uuid(self) -> Uuid {
        match self {
            Self::Void(id) => id.uuid(),
            Self::Refund(id) => id.uuid(),
        }
    }
}

/// Which of those owed are meant.
#[derive(Debug, Clone, Copy)]
pub enum Due {
    /// Whose next attempt is due.
    Now,
    /// All whose last attempt was made before this moment, by the database's clock.
    UntouchedSince(Instant),
}

impl Due {
    /// The condition in SQL, and what is bound to it.
    fn condition(self) -> (&'static str, Option<NaiveDateTime>) {
        match self {
            Self::Now => {
                ("(next_attempt_at is null or next_attempt_at <= coalesce(?, utc_timestamp(6)))", None)
            }
            // A row without an attempt was made by the development clock, which may be ahead of the database's own.
            Self::UntouchedSince(moment) => ("(attempts = 0 or updated_at < ?)", Some(moment.naive_utc())),
        }
    }
}

/// At most `limit` of those owed by the hotels in these shares.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    pub(crate) due: Due,
    pub(crate) shares: ShareSet,
    pub(crate) limit: u32,
}

/// Voids to be sent, the longest due first: in the index's own order, or each page would sort all that is owed.
pub async fn due_voids(pool: &MySqlPool, page: Page) -> Result<Vec<DueVoid>, sqlx::Error> {
    let rows: Vec<VoidRow> = of_page(pool, VOIDS, page).await?;
    Ok(rows.into_iter().map(VoidRow::read).collect())
}

/// Refunds to be sent, the longest due first. One that cannot be read is put off by `put_off`, as if that had been an
/// attempt: left where it is it would hide those behind it.
pub async fn due_refunds(
    pool: &MySqlPool,
    page: Page,
    put_off: Duration,
) -> Result<Vec<DueRefund>, sqlx::Error> {
    loop {
        let rows: Vec<RefundRow> = of_page(pool, REFUNDS, page).await?;
        let (mut read, none) = (Vec::new(), rows.is_empty());
        for row in rows {
            let (owed, attempts) = (Owed::Refund(RefundId::from_uuid(row.refund_id)), row.attempts);
            match row.read() {
                Ok(refund) => read.push(refund),
                Err(unreadable) => {
                    unreadable.note();
                    claim(pool, &[owed], attempts, put_off).await?;
                    note_error(pool, owed, &causes(&unreadable)).await?;
                }
            }
        }
        if none || !read.is_empty() {
            return Ok(read);
        }
    }
}

/// Columns and table, and the primary key that follows in the index.
type Select = (&'static str, &'static str);

const VOIDS: Select = (
    "select void_id, payment_id, booking_id, hotel_id, timestampdiff(second, created_at, utc_timestamp(6)) as age_seconds, \
     attempts from voids",
    "void_id",
);
const REFUNDS: Select = (
    "select refund_id, coalesce(provider_refund_id, refund_id) as provider_refund_id, payment_id, booking_id, hotel_id, \
     provider_reference, amount, currency, attempts from refunds",
    "refund_id",
);

async fn of_page<R>(pool: &MySqlPool, select: Select, page: Page) -> Result<Vec<R>, sqlx::Error>
where
    R: for<'r> FromRow<'r, MySqlRow> + Send + Unpin,
{
    let (sql, moment) = page_sql(select, page.due);
    let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(moment);
    query.bind(page.shares.bits()).bind(page.limit).fetch_all(pool).await
}

/// Of the moment, the shares' bits and the limit.
fn page_sql((select, key): Select, due: Due) -> (String, Option<NaiveDateTime>) {
    let (condition, moment) = due.condition();
    let sql = format!(
        "{select} force index (by_due) where status = 'owed' and {condition} and ? >> share & 1 \
         order by next_attempt_at, share, {key} limit ?"
    );
    (sql, moment)
}

/// Claims the next attempt of each of these, all of one table and tried so often before: counts it and puts the one after it
/// off by `wait`. One COMMIT for all. False, and none is claimed, if another process was faster with one of them.
pub async fn claim(
    pool: &MySqlPool,
    owed: &[Owed],
    attempts: u32,
    wait: Duration,
) -> Result<bool, sqlx::Error> {
    let Some((table, key)) = owed.first().map(|one| one.place()) else { return Ok(true) };
    let wait_us = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
    // By another index rows of others would be waited for.
    let mut sql = QueryBuilder::new("update ");
    sql.push(table).push(" force index (primary) set attempts = attempts + 1, ");
    sql.push("next_attempt_at = utc_timestamp(6) + interval ");
    sql.push_bind(wait_us)
        .push(" microsecond, updated_at = utc_timestamp(6) where status = 'owed' and attempts = ");
    sql.push_bind(attempts).push(" and ").push(key).push(" in ");
    push_list(&mut sql, padded(owed).map(Owed::uuid));
    if owed.len() == 1 {
        return Ok(super::touched(sql.build(), pool).await? == 1);
    }
    let mut tx = pool.begin().await?;
    let claimed = super::touched(sql.build(), &mut *tx).await?;
    let all = usize::try_from(claimed).is_ok_and(|claimed| claimed == owed.len());
    if all {
        tx.commit().await?;
    } else {
        tx.rollback().await?;
    }
    Ok(all)
}

/// The provider refuses the refund: it is not sent any more until an operator gives it another name.
pub async fn refuse(pool: &MySqlPool, refund: RefundId) -> Result<(), sqlx::Error> {
    let sql = "update refunds set status = 'failed', next_attempt_at = null, \
               last_error = 'the provider refuses the refund', version = version + 1, updated_at = utc_timestamp(6) \
               where refund_id = ? and status = 'owed'";
    super::touched(sqlx::query(sql).bind(refund.uuid()), pool).await.map(drop)
}

/// Keeps what went wrong, for the operator.
pub async fn note_error(pool: &MySqlPool, owed: Owed, error: &str) -> Result<(), sqlx::Error> {
    let sql = match owed {
        Owed::Void(_) => "update voids set last_error = left(?, 500) where void_id = ?",
        Owed::Refund(_) => "update refunds set last_error = left(?, 500) where refund_id = ?",
    };
    super::touched(sqlx::query(sql).bind(error.to_owned()).bind(owed.uuid()), pool).await.map(drop)
}

impl VoidRow {
    fn read(self) -> DueVoid {
        DueVoid {
            void_id: VoidId::from_uuid(self.void_id),
            payment_id: PaymentId::from_uuid(self.payment_id),
            booking_id: BookingId::from_uuid(self.booking_id),
            hotel_id: HotelId::from_uuid(self.hotel_id),
            age: Duration::from_secs(u64::try_from(self.age_seconds).unwrap_or_default()),
            attempts: self.attempts,
        }
    }
}

impl RefundRow {
    fn read(self) -> Result<DueRefund, UnreadableRow> {
        let amount = money(self.amount, &self.currency);
        Ok(DueRefund {
            refund_id: RefundId::from_uuid(self.refund_id),
            provider_refund_id: RefundId::from_uuid(self.provider_refund_id),
            payment_id: PaymentId::from_uuid(self.payment_id),
            booking_id: BookingId::from_uuid(self.booking_id),
            hotel_id: HotelId::from_uuid(self.hotel_id),
            provider_reference: self.provider_reference,
            amount: amount.map_err(|error| UnreadableRow::of("refunds", self.refund_id, error))?,
            attempts: self.attempts,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many voids that are owed, each tried so often before.
    async fn voids(pool: &MySqlPool, attempts: &[u32]) -> Vec<Owed> {
        let mut made = Vec::new();
        for (number, tried) in (1..).zip(attempts) {
            let id = Uuid::from_u128(number);
            let sql = "insert into voids (void_id, payment_id, booking_id, hotel_id, share, reason, status, attempts, version, \
                       created_at, updated_at) values (?, ?, ?, ?, 0, 'hold_expired', 'owed', ?, 1, utc_timestamp(6), \
                       utc_timestamp(6))";
            let query = sqlx::query(sql).bind(id).bind(id).bind(id).bind(id).bind(tried);
            query.execute(pool).await.unwrap();
            made.push(Owed::Void(VoidId::from_uuid(id)));
        }
        made
    }

    async fn tried(pool: &MySqlPool) -> Vec<u32> {
        sqlx::query_scalar("select attempts from voids order by void_id").fetch_all(pool).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn attempts_are_claimed_together_or_none_of_them_is() {
        let db = testkit::mysql::booking().await;
        let owed = voids(&db.pool, &[0, 0, 0]).await;
        assert!(claim(&db.pool, &owed, 0, Duration::from_secs(2)).await.unwrap());
        assert_eq!(tried(&db.pool).await, [1, 1, 1]);
        assert!(!claim(&db.pool, &owed, 0, Duration::from_secs(2)).await.unwrap(), "they were claimed");
        assert!(claim(&db.pool, &owed[1..2], 1, Duration::from_secs(2)).await.unwrap());
        assert!(
            !claim(&db.pool, &owed, 1, Duration::from_secs(2)).await.unwrap(),
            "another was faster with one"
        );
        assert_eq!(tried(&db.pool).await, [1, 2, 1]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_page_of_what_is_owed_is_read_from_its_index_in_order() {
        let db = testkit::mysql::booking().await;
        let untouched = Due::UntouchedSince(Instant::from_utc(chrono::DateTime::UNIX_EPOCH));
        for (select, due) in
            [VOIDS, REFUNDS].into_iter().flat_map(|select| [(select, Due::Now), (select, untouched)])
        {
            let (sql, moment) = page_sql(select, due);
            let query = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("explain format=tree {sql}")));
            let query = query.bind(moment).bind(7_u16).bind(50_u32);
            let plan: String = query.fetch_one(&db.pool).await.unwrap();
            assert!(plan.contains("by_due") && !plan.contains("Sort"), "{plan}");
        }
    }
}
