//! Payments, refunds, voids, invoices and credit notes of bookings, as rows.

use std::collections::BTreeSet;

use booking_core::{
    CreditNote, Invoice, Payment, Refund, RefundReason, RefundStatus, Void, VoidStatus, snapshot::PurgedMoney,
};
use chrono::NaiveDateTime;
use domain::{
    BookingId, CreditNoteId, Instant, InvoiceId, PaymentId, RefundId, VoidId,
    booking::{PaymentStatus, StatusReason},
};
use platform::mysql::{DbError, Text};
use sqlx::{FromRow, Row as _, mysql::MySqlRow};
use uuid::Uuid;

use super::{ReadMode, corrupt};
use crate::rows::money;

/// The statements that read all money rows of these bookings, each with what its rows are.
pub(crate) fn of(ids: &BTreeSet<BookingId>, read: ReadMode) -> [(Text, Take); 5] {
    let all: [(Select, Take); 5] =
        [(PAYMENTS, payment), (REFUNDS, refund), (VOIDS, void), (INVOICES, invoice), (NOTES, note)];
    all.map(|(table, take)| (select(table, ids, read), take))
}

/// Only the payments.
pub(crate) fn payments_of(ids: &BTreeSet<BookingId>, read: ReadMode) -> (Text, Take) {
    (select(PAYMENTS, ids, read), payment)
}

fn select((select, key): Select, ids: &BTreeSet<BookingId>, read: ReadMode) -> Text {
    let mut sql = Text::new(select);
    sql.push(" where booking_id in ").list(ids.iter().map(|id| id.uuid()));
    sql.push(" order by ").push(key).push(read.for_update());
    sql
}

/// Puts a row to the money of its booking.
pub(crate) type Take = fn(&MySqlRow, &mut PurgedMoney) -> Result<(), DbError>;

/// Whose money a row is.
pub(crate) fn booking(row: &MySqlRow) -> Result<BookingId, DbError> {
    Ok(BookingId::from_uuid(row.try_get("booking_id")?))
}

fn payment(row: &MySqlRow, money: &mut PurgedMoney) -> Result<(), DbError> {
    money.payments.push(PaymentRow::from_row(row)?.read()?);
    Ok(())
}

fn refund(row: &MySqlRow, money: &mut PurgedMoney) -> Result<(), DbError> {
    money.refunds.push(RefundRow::from_row(row)?.read()?);
    Ok(())
}

fn void(row: &MySqlRow, money: &mut PurgedMoney) -> Result<(), DbError> {
    money.voids.push(VoidRow::from_row(row)?.read()?);
    Ok(())
}

fn invoice(row: &MySqlRow, money: &mut PurgedMoney) -> Result<(), DbError> {
    money.invoice = Some(InvoiceRow::from_row(row)?.read()?);
    Ok(())
}

fn note(row: &MySqlRow, money: &mut PurgedMoney) -> Result<(), DbError> {
    money.credit_notes.push(NoteRow::from_row(row)?.read()?);
    Ok(())
}

/// Columns and table, and the primary key they are locked by.
type Select = (&'static str, &'static str);

const PAYMENTS: Select = (
    "select booking_id, payment_id, provider_reference, status, amount, currency, captured, \
     coalesce(captured_currency, currency) as captured_currency, refunded from payments force index (by_capture)",
    "payment_id",
);
const REFUNDS: Select = (
    "select booking_id, refund_id, coalesce(provider_refund_id, refund_id) as provider_refund_id, payment_id, \
     provider_reference, amount, currency, reason, status from refunds force index (by_booking)",
    "refund_id",
);
const VOIDS: Select =
    ("select booking_id, void_id, payment_id, reason, status from voids force index (by_booking)", "void_id");
const INVOICES: Select = (
    "select booking_id, invoice_id, issued_at, total, currency, number from invoices force index (by_booking)",
    "invoice_id",
);
const NOTES: Select = (
    "select booking_id, credit_note_id, invoice_id, refund_id, issued_at, amount, currency, number \
     from credit_notes force index (by_booking)",
    "credit_note_id",
);

#[derive(FromRow)]
struct PaymentRow {
    payment_id: Uuid,
    provider_reference: Option<String>,
    status: String,
    amount: i64,
    currency: String,
    captured: i64,
    captured_currency: String,
    refunded: i64,
}

impl PaymentRow {
    fn read(self) -> Result<Payment, DbError> {
        Ok(Payment {
            payment_id: PaymentId::from_uuid(self.payment_id),
            provider_reference: self.provider_reference,
            status: PaymentStatus::parse(&self.status).map_err(corrupt)?,
            amount: money(self.amount, &self.currency)?,
            captured: money(self.captured, &self.captured_currency)?,
            refunded: money(self.refunded, &self.captured_currency)?,
        })
    }
}

#[derive(FromRow)]
struct RefundRow {
    refund_id: Uuid,
    provider_refund_id: Uuid,
    payment_id: Uuid,
    provider_reference: Option<String>,
    amount: i64,
    currency: String,
    reason: String,
    status: String,
}

impl RefundRow {
    fn read(self) -> Result<Refund, DbError> {
        let reason = RefundReason::ALL.iter().copied().find(|reason| reason.as_str() == self.reason);
        Ok(Refund {
            refund_id: RefundId::from_uuid(self.refund_id),
            provider_refund_id: RefundId::from_uuid(self.provider_refund_id),
            payment_id: PaymentId::from_uuid(self.payment_id),
            provider_reference: self.provider_reference,
            amount: money(self.amount, &self.currency)?,
            reason: reason.ok_or_else(|| corrupt(format!("refund reason {}", self.reason)))?,
            status: match self.status.as_str() {
                "succeeded" => RefundStatus::Confirmed,
                _ => RefundStatus::Owed,
            },
        })
    }
}

#[derive(FromRow)]
struct VoidRow {
    void_id: Uuid,
    payment_id: Uuid,
    reason: String,
    status: String,
}

impl VoidRow {
    fn read(self) -> Result<Void, DbError> {
        Ok(Void {
            void_id: VoidId::from_uuid(self.void_id),
            payment_id: PaymentId::from_uuid(self.payment_id),
            reason: StatusReason::parse(&self.reason).map_err(corrupt)?,
            status: match self.status.as_str() {
                "succeeded" => VoidStatus::Confirmed,
                "captured" => VoidStatus::Captured,
                _ => VoidStatus::Owed,
            },
        })
    }
}

#[derive(FromRow)]
struct InvoiceRow {
    invoice_id: Uuid,
    issued_at: NaiveDateTime,
    total: i64,
    currency: String,
    number: Option<String>,
}

impl InvoiceRow {
    fn read(self) -> Result<Invoice, DbError> {
        Ok(Invoice {
            invoice_id: InvoiceId::from_uuid(self.invoice_id),
            issued_at: Instant::from_naive_utc(self.issued_at),
            amount: money(self.total, &self.currency)?,
            number: self.number,
        })
    }
}

#[derive(FromRow)]
struct NoteRow {
    credit_note_id: Uuid,
    invoice_id: Uuid,
    refund_id: Uuid,
    issued_at: NaiveDateTime,
    amount: i64,
    currency: String,
    number: Option<String>,
}

impl NoteRow {
    fn read(self) -> Result<CreditNote, DbError> {
        Ok(CreditNote {
            credit_note_id: CreditNoteId::from_uuid(self.credit_note_id),
            invoice_id: InvoiceId::from_uuid(self.invoice_id),
            refund_id: RefundId::from_uuid(self.refund_id),
            issued_at: Instant::from_naive_utc(self.issued_at),
            amount: money(self.amount, &self.currency)?,
            number: self.number,
        })
    }
}
