//! Invoices and credit notes of a booking, as numbered.

use chrono::NaiveDateTime;
use domain::{BookingId, CreditNoteId, Currency, Instant, InvoiceId, Money, event::CreditNoteFacts};
use sqlx::FromRow;
use uuid::Uuid;

use super::{ActiveBookings, ReadError};

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

    async fn credit_notes(&self, booking: BookingId) -> Result<Vec<CreditNoteFacts>, ReadError> {
        let sql = "select credit_note_id, number, amount, currency from credit_notes \
                   where booking_id = ? and number is not null order by sequence";
        let rows: Vec<CreditNoteRow> = sqlx::query_as(sql).bind(booking.uuid()).fetch_all(&self.pool).await?;
        rows.into_iter().map(CreditNoteRow::read).collect()
    }
}

impl CreditNoteRow {
    fn read(self) -> Result<CreditNoteFacts, ReadError> {
        let corrupt =
            |error: &dyn std::fmt::Display| ReadError::corrupt("credit_notes", self.credit_note_id, error);
        let currency = Currency::parse(&self.currency).map_err(|error| corrupt(&error))?;
        let amount = Money::new(self.amount, currency).map_err(|error| corrupt(&error))?;
        Ok(CreditNoteFacts {
            credit_note_id: CreditNoteId::from_uuid(self.credit_note_id),
            number: self.number,
            amount,
        })
    }
}
