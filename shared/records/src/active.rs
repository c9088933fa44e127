//! Reads of active bookings: rows of MySQL's primary, which is always asked first.

mod lists;
mod log;
mod papers;
mod rows;

use std::collections::{BTreeMap, HashMap};

use domain::{BookingId, ClientReference, HotelId, Money, PaymentId, UserId, booking::BookingRecord};
use platform::mysql::{padded, push_list};
use rows::HeadRow;
use sqlx::{FromRow, MySql, MySqlPool, QueryBuilder};
use uuid::Uuid;

use crate::{
    payment::{PaymentFacts, PaymentRow},
    read_error::{EachRow, ReadError},
    view::BookingMoney,
};

pub use lists::{Ended, EndedPosition};
pub use log::{ActorRow, LogEntry, LoggedActor};
pub use papers::NumberedInvoice;
pub use rows::{BookingRow, Head};

/// Active bookings, and ended ones until they are purged. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ActiveBookings {
    pool: MySqlPool,
}

/// No statement names more rows than this.
const ROWS_PER_STATEMENT: usize = 500;

impl ActiveBookings {
    /// Reads through a pool on the primary; SELECT is enough.
    pub const fn new(pool: MySqlPool) -> Self {
        Self { pool }
    }

    /// The pool, for probes.
    pub const fn pool(&self) -> &MySqlPool {
        &self.pool
    }

    /// The head of a booking; none if it is not here (purged or never made).
    pub async fn head(&self, id: BookingId) -> Result<Option<Head>, ReadError> {
        Ok(self.heads(&[id]).await?.pop())
    }

    /// The heads of those bookings that are here, in no order.
    pub async fn heads(&self, ids: &[BookingId]) -> Result<Vec<Head>, ReadError> {
        let mut heads = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(ROWS_PER_STATEMENT) {
            let mut sql = QueryBuilder::<MySql>::new("select ");
            sql.push(HeadRow::COLUMNS).push(" from bookings where booking_id in ");
            in_list(&mut sql, chunk.iter().map(|id| id.uuid()));
            let rows: Vec<HeadRow> = sql.build_query_as().fetch_all(&self.pool).await?;
            heads.extend(rows.into_iter().map(Head::from));
        }
        Ok(heads)
    }

    /// The versions that are here of those bookings.
    pub async fn versions(&self, ids: &[BookingId]) -> Result<BTreeMap<BookingId, i64>, ReadError> {
        Ok(self.heads(ids).await?.into_iter().map(|head| (head.booking_id(), head.version)).collect())
    }

    /// A booking; none if it is not here.
    pub async fn record(&self, id: BookingId) -> Result<Option<BookingRecord>, ReadError> {
        self.records(&[id]).await?.remove(&id).transpose()
    }

    /// Those bookings that are here.
    pub async fn records(&self, ids: &[BookingId]) -> Result<EachRow<BookingId, BookingRecord>, ReadError> {
        let mut records = EachRow::with_capacity(ids.len());
        for chunk in ids.chunks(ROWS_PER_STATEMENT) {
            let mut sql = QueryBuilder::<MySql>::new("select ");
            sql.push(BookingRow::COLUMNS).push(" from bookings where booking_id in ");
            in_list(&mut sql, chunk.iter().map(|id| id.uuid()));
            let rows: Vec<BookingRow> = sql.build_query_as().fetch_all(&self.pool).await?;
            records.extend(rows.into_iter().map(|row| (row.id(), BookingRecord::try_from(row))));
        }
        Ok(records)
    }

    /// The booking that its user calls so, active or purged.
    pub async fn by_reference(
        &self,
        user: UserId,
        reference: &ClientReference,
    ) -> Result<Option<BookingId>, ReadError> {
        let sql = "select booking_id from bookings where user_id = ? and client_reference = ? \
                   union all select booking_id from purged_bookings where user_id = ? and client_reference = ? limit 1";
        let found: Option<Uuid> = sqlx::query_scalar(sql)
            .bind(user.uuid())
            .bind(reference.as_str())
            .bind(user.uuid())
            .bind(reference.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(found.map(BookingId::from_uuid))
    }

    /// The payments of which the provider has said something; the others are pending
    /// ([`PaymentFacts::pending`]). Also of purged bookings.
    async fn payments(&self, ids: &[PaymentId]) -> Result<EachRow<PaymentId, PaymentFacts>, ReadError> {
        let mut payments = EachRow::with_capacity(ids.len());
        for chunk in ids.chunks(ROWS_PER_STATEMENT) {
            let mut sql = QueryBuilder::<MySql>::new("select ");
            sql.push(PaymentRow::COLUMNS).push(" from payments where payment_id in ");
            in_list(&mut sql, chunk.iter().map(|id| id.uuid()));
            let rows: Vec<PaymentRow> = sql.build_query_as().fetch_all(&self.pool).await?;
            payments.extend(rows.into_iter().map(|row| (row.id(), PaymentFacts::try_from(row))));
        }
        Ok(payments)
    }

    /// The money of these bookings as it is now, active or purged.
    pub async fn money(
        &self,
        records: &[BookingRecord],
    ) -> Result<EachRow<BookingId, BookingMoney>, ReadError> {
        let payments: Vec<PaymentId> = records.iter().map(|record| record.facts.payment_id).collect();
        let invoiced = records.iter().filter(|record| record.invoice_id.is_some());
        let cancelled: Vec<BookingId> =
            invoiced.filter(|record| record.cancelled_at.is_some()).map(|record| record.booking_id).collect();
        let mut payments = self.payments(&payments).await?;
        let mut credited = self.credited(&cancelled).await?;
        let money = records.iter().map(|record| {
            let payment = payments.remove(&record.facts.payment_id);
            (record.booking_id, money(record, payment, credited.remove(&record.booking_id)))
        });
        Ok(money.collect())
    }

    /// The booking's money as it is now.
    pub async fn money_of(&self, record: &BookingRecord) -> Result<BookingMoney, ReadError> {
        let money = self.money(std::slice::from_ref(record)).await?.remove(&record.booking_id);
        money.unwrap_or_else(|| Ok(BookingMoney::pending(record)))
    }

    /// The cover images of hotels, where there are any.
    pub async fn cover_images(&self, hotels: &[HotelId]) -> Result<HashMap<HotelId, String>, ReadError> {
        let mut images = HashMap::new();
        for chunk in hotels.chunks(ROWS_PER_STATEMENT) {
            let mut sql = QueryBuilder::<MySql>::new(
                "select hotel_id, cover_image_url from hotels_seen where cover_image_url is not null and hotel_id in ",
            );
            in_list(&mut sql, chunk.iter().map(|id| id.uuid()));
            let rows: Vec<CoverRow> = sql.build_query_as().fetch_all(&self.pool).await?;
            images
                .extend(rows.into_iter().map(|row| (HotelId::from_uuid(row.hotel_id), row.cover_image_url)));
        }
        Ok(images)
    }

    /// The account that owns a hotel; none for a hotel never seen.
    pub async fn owner_of(&self, hotel: HotelId) -> Result<Option<Uuid>, ReadError> {
        let sql = "select owner_id from hotels_seen where hotel_id = ?";
        Ok(sqlx::query_scalar(sql).bind(hotel.uuid()).fetch_optional(&self.pool).await?)
    }
}

/// A booking's money. What is not there is pending, and what is corrupt is not: it would look unpaid.
fn money(
    record: &BookingRecord,
    payment: Option<Result<PaymentFacts, ReadError>>,
    credited: Option<Result<Money, ReadError>>,
) -> Result<BookingMoney, ReadError> {
    let pending = BookingMoney::pending(record);
    Ok(BookingMoney {
        payment: payment.transpose()?.unwrap_or(pending.payment),
        credited: credited.transpose()?.unwrap_or(pending.credited),
    })
}

#[derive(FromRow)]
struct CoverRow {
    hotel_id: Uuid,
    cover_image_url: String,
}

/// `(?, ?, …)`, sorted, so that rows are always read in one order, and of few lengths; of nothing, what equals nothing.
fn in_list(sql: &mut QueryBuilder<MySql>, ids: impl Iterator<Item = Uuid>) {
    let mut ids: Vec<Uuid> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        sql.push("(null)");
        return;
    }
    push_list(sql, padded(&ids));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list_of(count: u128) -> String {
        let mut sql = QueryBuilder::<MySql>::new("");
        in_list(&mut sql, (0..count).map(Uuid::from_u128));
        sql.sql().as_str().to_owned()
    }

    #[test]
    fn lists_of_many_lengths_are_few_statements() {
        assert_eq!((list_of(0), list_of(1)), ("(null)".to_owned(), "(?)".to_owned()));
        assert_eq!(list_of(3), "(?, ?, ?, ?)");
        assert_eq!(list_of(257), list_of(500));
    }
}
