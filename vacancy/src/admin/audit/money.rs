//! Invariant 5: every captured payment ends in a paid booking or in refunds, exactly once.

use std::collections::BTreeMap;

use async_trait::async_trait;
use platform::causes::BoxError;
use sqlx::{FromRow, MySql, MySqlConnection, QueryBuilder, mysql::MySqlRow};
use uuid::Uuid;

use super::{
    Check, Tally, bookings,
    money_rule::{Payment, Refund, Stands, judge},
};
use crate::admin::Stores;

pub(super) struct Money;

#[async_trait]
impl Check for Money {
    fn name(&self) -> &'static str {
        "money"
    }

    fn promise(&self) -> &'static str {
        "captured money pays for a booking or goes back, exactly once; never more than came (5)"
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let settings = &stores.settings.audit;
        let mut tally = Tally::new(settings.shown);
        let mut conn = stores.booking_as_of_now().await?;
        let mut after = Uuid::nil();
        loop {
            let page = paid(&mut conn, after, settings.page).await?;
            let Some(last) = page.last() else { break };
            after = *last;
            of_bookings(&mut conn, &page, &mut tally).await?;
        }
        Ok(tally)
    }
}

/// The next bookings that money has to do with: those with a payment or a refund, and those that must have been paid.
async fn paid(conn: &mut MySqlConnection, after: Uuid, limit: u32) -> Result<Vec<Uuid>, sqlx::Error> {
    let sql = "(select distinct booking_id from payments where booking_id > ? order by booking_id limit ?) union \
               (select distinct booking_id from refunds where booking_id > ? order by booking_id limit ?) union \
               (select booking_id from bookings where booking_id > ? and status in ('BOOKED', 'COMPLETED') \
               order by booking_id limit ?) order by booking_id limit ?";
    let mut query = sqlx::query_scalar(sql);
    for _ in 0..3 {
        query = query.bind(after).bind(limit);
    }
    query.bind(limit).fetch_all(conn).await
}

async fn of_bookings(conn: &mut MySqlConnection, page: &[Uuid], tally: &mut Tally) -> Result<(), BoxError> {
    let payments: Vec<Payment> = rows(conn, PAYMENTS, page).await?;
    let refunds: Vec<Refund> = rows(conn, REFUNDS, page).await?;
    let stands = stands(conn, page).await?;
    for booking in page {
        let payments: Vec<Payment> =
            payments.iter().filter(|row| row.booking_id == *booking).cloned().collect();
        let refunds: Vec<Refund> = refunds.iter().filter(|row| row.booking_id == *booking).cloned().collect();
        let at = stands.get(booking).copied().unwrap_or(Stands::Nowhere);
        let wrong = judge(at, &payments, &refunds).into_iter();
        tally.judge(wrong.map(|says| format!("booking {booking}: {says}")));
    }
    Ok(())
}

const PAYMENTS: &str = "select payment_id, booking_id, status, captured, refunded, provider_reference from payments where booking_id in ";
const REFUNDS: &str =
    "select refund_id, booking_id, amount, status, provider_reference from refunds where booking_id in ";

async fn rows<R>(conn: &mut MySqlConnection, select: &str, ids: &[Uuid]) -> Result<Vec<R>, sqlx::Error>
where
    R: for<'r> FromRow<'r, MySqlRow> + Send + Unpin,
{
    let mut sql = QueryBuilder::<MySql>::new(select);
    bookings::in_list(&mut sql, ids.iter().copied());
    sql.build_query_as().fetch_all(conn).await
}

#[derive(FromRow)]
struct Purged {
    booking_id: Uuid,
    status: String,
    invoice_id: Option<Uuid>,
}

/// Where these bookings stand.
async fn stands(conn: &mut MySqlConnection, ids: &[Uuid]) -> Result<BTreeMap<Uuid, Stands>, sqlx::Error> {
    let mut found = BTreeMap::new();
    let purged = "select booking_id, status, invoice_id from purged_bookings where booking_id in ";
    for row in rows::<Purged>(conn, purged, ids).await? {
        let cancelled = Stands::Purged(row.invoice_id.is_some());
        found.insert(row.booking_id, if row.status == "CANCELLED" { cancelled } else { Stands::Paid });
    }
    let active = format!("{} where booking_id in ", bookings::COLUMNS);
    for row in rows::<bookings::Row>(conn, &active, ids).await? {
        found.insert(row.booking_id, of_active(&row));
    }
    Ok(found)
}

fn of_active(row: &bookings::Row) -> Stands {
    match row.status.as_str() {
        "RESERVED" => Stands::Reserved,
        "CANCELLED" => Stands::Cancelled(row.penalty.unwrap_or(0)),
        _ => Stands::Paid,
    }
}
