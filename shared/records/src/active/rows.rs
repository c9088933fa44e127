//! Rows of `bookings`, parsed: what does not parse is corrupt.

use std::sync::Arc;

use chrono::{NaiveDate, NaiveDateTime};
use domain::{
    BookingId, ClientReference, HotelId, Instant, Invalid, InvoiceId, Money, StayDates, Text, UserId,
    booking::{BookingFacts, BookingRecord, BookingStatus, LatePayment, StatusReason},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{list::Position, read_error::ReadError};

/// What an index knows of a booking: enough to order and to check a cached body. Nothing of it is parsed, so that also a
/// booking that is corrupt has its place and a list goes on behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Where it stands in a list.
    pub position: Position,
    /// Its version.
    pub version: i64,
}

impl Head {
    /// The booking.
    pub const fn booking_id(&self) -> BookingId {
        self.position.booking_id
    }
}

/// A booking's row without its facts.
#[derive(Debug, FromRow)]
pub(crate) struct HeadRow {
    booking_id: Uuid,
    start_date: NaiveDate,
    version: i64,
}

impl HeadRow {
    /// Its columns.
    pub(crate) const COLUMNS: &'static str = "booking_id, start_date, version";
}

impl From<HeadRow> for Head {
    fn from(row: HeadRow) -> Self {
        let booking_id = BookingId::from_uuid(row.booking_id);
        Self { position: Position { start_date: row.start_date, booking_id }, version: row.version }
    }
}

/// A booking's whole row of `bookings`: whoever reads one reads it so.
#[derive(Debug, FromRow)]
pub struct BookingRow {
    booking_id: Uuid,
    hotel_id: Uuid,
    user_id: Uuid,
    start_date: NaiveDate,
    end_date: NaiveDate,
    status: String,
    status_reason: Option<String>,
    late_payment: Option<String>,
    hold_expires_at: NaiveDateTime,
    version: i64,
    client_reference: Option<String>,
    invoice_id: Option<Uuid>,
    cancelled_at: Option<NaiveDateTime>,
    penalty: Option<i64>,
    cancellation_note: Option<String>,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    facts: Vec<u8>,
}

impl BookingRow {
    /// Its columns, for a select.
    pub const COLUMNS: &'static str = "booking_id, hotel_id, user_id, start_date, end_date, status, \
        status_reason, late_payment, hold_expires_at, version, client_reference, invoice_id, cancelled_at, penalty, \
        cancellation_note, created_at, updated_at, facts";

    /// Which booking's it is.
    pub(crate) const fn id(&self) -> BookingId {
        BookingId::from_uuid(self.booking_id)
    }

    fn parse(self) -> Result<BookingRecord, Box<dyn std::error::Error + Send + Sync>> {
        let facts: Arc<BookingFacts> = serde_json::from_slice(&self.facts)?;
        let penalty =
            self.penalty.map(|amount| Money::new(amount, facts.price.total.currency())).transpose()?;
        Ok(BookingRecord {
            booking_id: BookingId::from_uuid(self.booking_id),
            hotel_id: HotelId::from_uuid(self.hotel_id),
            user_id: UserId::from_uuid(self.user_id),
            dates: StayDates::parse(self.start_date, self.end_date)?,
            status: BookingStatus::parse(&self.status)?,
            status_reason: parsed(self.status_reason.as_deref(), StatusReason::parse)?,
            late_payment: parsed(self.late_payment.as_deref(), LatePayment::parse)?,
            hold_expires_at: Instant::from_naive_utc(self.hold_expires_at),
            client_reference: parsed(self.client_reference.as_deref(), ClientReference::parse)?,
            invoice_id: self.invoice_id.map(InvoiceId::from_uuid),
            cancelled_at: self.cancelled_at.map(Instant::from_naive_utc),
            penalty,
            cancellation_note: parsed(self.cancellation_note.as_deref(), Text::parse_lines)?,
            version: self.version,
            created_at: Instant::from_naive_utc(self.created_at),
            updated_at: Instant::from_naive_utc(self.updated_at),
            facts,
        })
    }
}

impl TryFrom<BookingRow> for BookingRecord {
    type Error = ReadError;

    fn try_from(row: BookingRow) -> Result<Self, ReadError> {
        let id = row.booking_id;
        row.parse().map_err(|error| ReadError::corrupt("bookings", id, &error))
    }
}

fn parsed<T>(text: Option<&str>, parse: fn(&str) -> Result<T, Invalid>) -> Result<Option<T>, Invalid> {
    text.map(parse).transpose()
}
