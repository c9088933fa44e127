//! Invoices and credit notes: issued, then numbered in order without a gap.

use std::collections::BTreeMap;

use booking_core::{
    Plan,
    invoice::{PaperId, Series, SeriesStep},
    plan::{NewCreditNote, NewInvoice},
};
use platform::mysql::DbError;
use sqlx::MySqlConnection;

use super::{ReadMode, WriteError, exactly};

/// The last number given in each of these series; none was given in one left out.
pub(crate) async fn last_numbers(
    conn: &mut MySqlConnection,
    series: impl Iterator<Item = Series>,
    read: ReadMode,
) -> Result<BTreeMap<Series, u32>, DbError> {
    let sql = match read {
        ReadMode::Plain => {
            "select last_sequence from invoice_counters where hotel_id = ? and kind = ? and year = ?"
        }
        ReadMode::Locked => {
            "select last_sequence from invoice_counters where hotel_id = ? and kind = ? and year = ? for update"
        }
    };
    let mut found = BTreeMap::new();
    for one in series {
        let query = sqlx::query_scalar(sql).bind(one.hotel_id.uuid()).bind(one.paper.as_str()).bind(one.year);
        let last: Option<u32> = query.fetch_optional(&mut *conn).await?;
        found.extend(last.map(|last| (one, last)));
    }
    Ok(found)
}

/// Everything of the plan about papers.
pub(crate) async fn write(conn: &mut MySqlConnection, plan: &Plan) -> Result<(), WriteError> {
    for new in &plan.invoices {
        issue(conn, new).await?;
    }
    for new in &plan.credit_notes {
        issue_note(conn, new).await?;
    }
    for step in &plan.numbered {
        count(conn, step).await?;
        number(conn, step).await?;
    }
    Ok(())
}

async fn issue(conn: &mut MySqlConnection, new: &NewInvoice) -> Result<(), WriteError> {
    let sql = "insert into invoices (invoice_id, booking_id, hotel_id, user_id, year, issued_at, total, currency, \
               version, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?, 1, utc_timestamp(6), utc_timestamp(6))";
    let (record, invoice) = (&new.record, &new.invoice);
    sqlx::query(sql)
        .bind(invoice.invoice_id.uuid())
        .bind(record.booking_id.uuid())
        .bind(record.hotel_id.uuid())
        .bind(record.user_id.uuid())
        .bind(new.year)
        .bind(invoice.issued_at.naive_utc())
        .bind(invoice.amount.amount())
        .bind(invoice.amount.currency().code())
        .execute(conn)
        .await?;
    Ok(())
}

async fn issue_note(conn: &mut MySqlConnection, new: &NewCreditNote) -> Result<(), WriteError> {
    let sql = "insert into credit_notes (credit_note_id, invoice_id, refund_id, booking_id, hotel_id, year, \
               issued_at, amount, currency, version, created_at, updated_at) \
               values (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, utc_timestamp(6), utc_timestamp(6))";
    let note = &new.note;
    sqlx::query(sql)
        .bind(note.credit_note_id.uuid())
        .bind(note.invoice_id.uuid())
        .bind(note.refund_id.uuid())
        .bind(new.booking_id.uuid())
        .bind(new.hotel_id.uuid())
        .bind(new.year)
        .bind(note.issued_at.naive_utc())
        .bind(note.amount.amount())
        .bind(note.amount.currency().code())
        .execute(conn)
        .await?;
    Ok(())
}

/// Moves the series on by one, if it stands right before.
async fn count(conn: &mut MySqlConnection, step: &SeriesStep) -> Result<(), WriteError> {
    let series = step.series;
    let last = step.ordinal.saturating_sub(1);
    let query = if last == 0 {
        sqlx::query(
            "insert into invoice_counters (last_sequence, hotel_id, kind, year, version, created_at, updated_at) \
             values (?, ?, ?, ?, 1, utc_timestamp(6), utc_timestamp(6))",
        )
    } else {
        sqlx::query(
            "update invoice_counters set last_sequence = ?, version = version + 1, updated_at = utc_timestamp(6) \
             where hotel_id = ? and kind = ? and year = ? and last_sequence = ?",
        )
    };
    let query =
        query.bind(step.ordinal).bind(series.hotel_id.uuid()).bind(series.paper.as_str()).bind(series.year);
    exactly(conn, 1, if last == 0 { query } else { query.bind(last) }).await
}

async fn number(conn: &mut MySqlConnection, step: &SeriesStep) -> Result<(), WriteError> {
    let (sql, id) = match step.paper {
        PaperId::Invoice(id) => (
            "update invoices set sequence = ?, number = ?, numbered_at = utc_timestamp(6), version = version + 1, \
             updated_at = utc_timestamp(6) where invoice_id = ? and number is null",
            id.uuid(),
        ),
        PaperId::CreditNote(id) => (
            "update credit_notes set sequence = ?, number = ?, numbered_at = utc_timestamp(6), \
             version = version + 1, updated_at = utc_timestamp(6) where credit_note_id = ? and number is null",
            id.uuid(),
        ),
    };
    exactly(conn, 1, sqlx::query(sql).bind(step.ordinal).bind(step.number.as_str()).bind(id)).await
}
