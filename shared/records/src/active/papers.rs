//! Invoices and credit notes of a booking, as numbered.

use chrono::NaiveDateTime;
use domain::{BookingId, CreditNoteId, Instant, InvoiceId, Money, event::CreditNoteFacts};
use sqlx::{FromRow, MySql, QueryBuilder};
use uuid::Uuid;

use super::{ActiveBookings, ROWS_PER_STATEMENT, ReadError, in_list};
use crate::{payment::money, read_error::EachRow};

/// An invoice that has its number, with its booking's credit notes that have theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedInvoice {
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// Its number, such as `PAR-2026-000042`.
    pub number: String,
    /// When the booking became BOOKED.
    pub issued_at: Instant,
    /// What was taken back of it, oldest first.
    pub credit_notes: Vec<CreditNoteFacts>,
}

#[derive(FromRow)]
struct InvoiceRow {
    invoice_id: Uuid,
    number: String,
    issued_at: NaiveDateTime,
}

#[derive(FromRow)]
struct CreditNoteRow {
    credit_note_id: Uuid,
    number: String,
    amount: i64,
    currency: String,
}

#[derive(FromRow)]
struct CreditedRow {
    booking_id: Uuid,
    amount: i64,
    currency: String,
}

impl ActiveBookings {
    /// The invoice of a booking, active or purged; none until it has its number.
    pub async fn invoice(&self, booking: BookingId) -> Result<Option<NumberedInvoice>, ReadError> {
        let sql =
            "select invoice_id, number, issued_at from invoices where booking_id = ? and number is not null";
        let row: Option<InvoiceRow> =
            sqlx::query_as(sql).bind(booking.uuid()).fetch_optional(&self.pool).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(NumberedInvoice {
            invoice_id: InvoiceId::from_uuid(row.invoice_id),
            number: row.number,
            issued_at: Instant::from_naive_utc(row.issued_at),
            credit_notes: self.credit_notes(booking).await?,
        }))
    }

    /// The sums of those bookings' credit notes, numbered or not; none for a booking without one.
    pub(super) async fn credited(&self, ids: &[BookingId]) -> Result<EachRow<BookingId, Money>, ReadError> {
        let mut credited = EachRow::new();
        for chunk in ids.chunks(ROWS_PER_STATEMENT) {
            let mut sql = QueryBuilder::<MySql>::new(
                "select booking_id, currency, cast(sum(amount) as signed) as amount from credit_notes where booking_id in ",
            );
            in_list(&mut sql, chunk.iter().map(|id| id.uuid()));
            sql.push(" group by booking_id, currency");
            let rows: Vec<CreditedRow> = sql.build_query_as().fetch_all(&self.pool).await?;
            credited.extend(rows.iter().map(|row| (BookingId::from_uuid(row.booking_id), row.amount())));
        }
        Ok(credited)
    }

    async fn credit_notes(&self, booking: BookingId) -> Result<Vec<CreditNoteFacts>, ReadError> {
        let sql = "select credit_note_id, number, amount, currency from credit_notes \
                   where booking_id = ? and number is not null order by sequence";
        let rows: Vec<CreditNoteRow> = sqlx::query_as(sql).bind(booking.uuid()).fetch_all(&self.pool).await?;
        rows.into_iter().map(CreditNoteRow::read).collect()
    }
}

impl CreditedRow {
    fn amount(&self) -> Result<Money, ReadError> {
        money(self.amount, &self.currency)
            .map_err(|error| ReadError::corrupt("credit_notes", self.booking_id, &error))
    }
}

impl CreditNoteRow {
    fn read(self) -> Result<CreditNoteFacts, ReadError> {
        let amount = money(self.amount, &self.currency)
            .map_err(|error| ReadError::corrupt("credit_notes", self.credit_note_id, &error))?;
        Ok(CreditNoteFacts {
            credit_note_id: CreditNoteId::from_uuid(self.credit_note_id),
            number: self.number,
            amount,
        })
    }
}
