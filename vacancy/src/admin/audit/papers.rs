//! Invoices and credit notes: one per BOOKED booking, numbered without gaps per hotel and year (domain.md, Words).

use async_trait::async_trait;
use platform::causes::BoxError;
use sqlx::{FromRow, MySqlConnection};
use uuid::Uuid;

use super::{Check, Tally};
use crate::admin::Stores;

pub(super) struct Papers;

#[derive(FromRow)]
struct Series {
    hotel_id: Uuid,
    year: u16,
    numbered: i64,
    highest: i64,
    counter: i64,
}

const SERIES: [(&str, &str); 2] = [
    (
        "invoices",
        "select p.hotel_id, p.year, count(p.sequence) as numbered, cast(max(p.sequence) as signed) as highest, \
         cast(coalesce(max(c.last_sequence), 0) as signed) as counter from invoices p left join invoice_counters c \
         on c.hotel_id = p.hotel_id and c.year = p.year and c.kind = 'invoice' \
         where p.sequence is not null group by p.hotel_id, p.year",
    ),
    (
        "credit notes",
        "select p.hotel_id, p.year, count(p.sequence) as numbered, cast(max(p.sequence) as signed) as highest, \
         cast(coalesce(max(c.last_sequence), 0) as signed) as counter from credit_notes p left join invoice_counters c \
         on c.hotel_id = p.hotel_id and c.year = p.year and c.kind = 'credit_note' \
         where p.sequence is not null group by p.hotel_id, p.year",
    ),
];

/// What must not be, and the statement that finds it.
const NEVER: [(&str, &str); 2] = [
    (
        "is BOOKED or COMPLETED and has no invoice",
        "select b.booking_id from bookings b left join invoices i on i.invoice_id = b.invoice_id \
         where b.status in ('BOOKED', 'COMPLETED') and i.invoice_id is null",
    ),
    (
        "has an invoice of another booking",
        "select b.booking_id from bookings b join invoices i on i.invoice_id = b.invoice_id \
         where i.booking_id <> b.booking_id",
    ),
];

#[async_trait]
impl Check for Papers {
    fn name(&self) -> &'static str {
        "papers"
    }

    fn promise(&self) -> &'static str {
        "each booking paid has its invoice, numbers have no gaps per hotel and year"
    }

    async fn run(&self, stores: &Stores) -> Result<Tally, BoxError> {
        let mut tally = Tally::new(stores.settings.audit.shown);
        let mut conn = stores.booking_as_of_now().await?;
        for (word, sql) in SERIES {
            series(&mut conn, word, sql, &mut tally).await?;
        }
        for (says, sql) in NEVER {
            let found: Vec<Uuid> = sqlx::query_scalar(sql).fetch_all(&mut *conn).await?;
            for id in found {
                tally.breach(|| format!("booking {id} {says}"));
            }
        }
        Ok(tally)
    }
}

async fn series(
    conn: &mut MySqlConnection,
    word: &str,
    sql: &'static str,
    tally: &mut Tally,
) -> Result<(), sqlx::Error> {
    let found: Vec<Series> = sqlx::query_as(sql).fetch_all(conn).await?;
    for Series { hotel_id, year, numbered, highest, counter } in found {
        tally.looked_at(numbered.unsigned_abs());
        if numbered != highest || counter != highest {
            tally.breach(|| {
                format!("hotel {hotel_id}, {word} of {year}: {numbered} numbers up to {highest}, counter {counter}")
            });
        }
    }
    Ok(())
}
