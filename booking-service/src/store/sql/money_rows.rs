//! Payments, refunds, voids, invoices and credit notes of bookings, as rows.

use std::collections::BTreeMap;

use booking_core::{
    CreditNote, Invoice, Payment, Refund, RefundReason, RefundStatus, Void, VoidStatus, snapshot::PurgedMoney,
};
use chrono::NaiveDateTime;
use domain::{
    BookingId, CreditNoteId, Instant, InvoiceId, PaymentId, RefundId, VoidId,
    booking::{PaymentStatus, StatusReason},
};
use platform::mysql::DbError;
use sqlx::{FromRow, MySqlConnection, QueryBuilder, mysql::MySqlRow};
use uuid::Uuid;

use super::{ReadMode, corrupt, push_list};
use crate::rows::money;

/// The money of each of these bookings.
pub(crate) type Money = BTreeMap<BookingId, PurgedMoney>;

/// All money rows of these bookings.
pub(crate) async fn find(conn: &mut MySqlConnection, ids: &[Uuid], read: ReadMode) -> Result<Money, DbError> {
    let mut found = Money::new();
    if ids.is_empty() {
        return Ok(found);
    }
    for row in rows::<PaymentRow>(conn, PAYMENTS, ids, read).await? {
        found.entry(id(row.booking_id)).or_default().payments.push(row.read()?);
    }
    for row in rows::<RefundRow>(conn, REFUNDS, ids, read).await? {
        found.entry(id(row.booking_id)).or_default().refunds.push(row.read()?);
    }
    for row in rows::<VoidRow>(conn, VOIDS, ids, read).await? {
        found.entry(id(row.booking_id)).or_default().voids.push(row.read()?);
    }
    for row in rows::<InvoiceRow>(conn, INVOICES, ids, read).await? {
        let (booking, invoice) = (id(row.booking_id), row.read()?);
        found.entry(booking).or_default().invoice = Some(invoice);
    }
    for row in rows::<NoteRow>(conn, NOTES, ids, read).await? {
        found.entry(id(row.booking_id)).or_default().credit_notes.push(row.read()?);
    }
    Ok(found)
}

const fn id(uuid: Uuid) -> BookingId {
    BookingId::from_uuid(uuid)
}

/// Columns and table, and the primary key they are locked by.
type Select = (&'static str, &'static str);

const PAYMENTS: Select = (
    "select booking_id, payment_id, provider_reference, status, amount, currency, captured, \
     coalesce(captured_currency, currency) as captured_currency, refunded from payments",
    "payment_id",
);
const REFUNDS: Select = (
    "select booking_id, refund_id, coalesce(provider_refund_id, refund_id) as provider_refund_id, payment_id, \
     provider_reference, amount, currency, reason, status from refunds",
    "refund_id",
);
const VOIDS: Select = ("select booking_id, void_id, payment_id, reason, status from voids", "void_id");
const INVOICES: Select =
    ("select booking_id, invoice_id, issued_at, total, currency, number from invoices", "invoice_id");
const NOTES: Select = (
    "select booking_id, credit_note_id, invoice_id, refund_id, issued_at, amount, currency, number from credit_notes",
    "credit_note_id",
);

async fn rows<R>(
    conn: &mut MySqlConnection,
    (select, key): Select,
    ids: &[Uuid],
    read: ReadMode,
) -> Result<Vec<R>, DbError>
where
    R: for<'r> FromRow<'r, MySqlRow> + Send + Unpin,
{
    let mut sql = QueryBuilder::new(select);
    sql.push(" where booking_id in ");
    push_list(&mut sql, ids.iter().copied());
    sql.push(" order by ").push(key).push(read.for_update());
    Ok(sql.build_query_as().fetch_all(conn).await?)
}

#[derive(FromRow)]
struct PaymentRow {
    booking_id: Uuid,
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
    booking_id: Uuid,
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
    booking_id: Uuid,
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
    booking_id: Uuid,
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
    booking_id: Uuid,
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
