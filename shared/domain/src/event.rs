//! Events: CloudEvents 1.0 in structured JSON, versioned by `type`. Old events must parse for ever.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    actor::Actor,
    booking::{BookingRecord, BookingStatus},
    date,
    ids::{CreditNoteId, EventId, HotelId, InvoiceId, RefundId, RoomId},
    instant::Instant,
    money::Money,
};

mod read;

pub use read::{
    BookingHead, HotelEvent, read_availability_event, read_booking_event, read_booking_head, read_hotel_event,
};

/// The topics.
pub mod topic {
    /// Hotels and rooms, compacted; key `hotel/<id>` or `room/<id>`, partition by `hotel_id`.
    pub const HOTEL: &str = "hotel.events";
    /// Transitions of bookings; key and partition by `booking_id`.
    pub const BOOKING: &str = "booking.events";
    /// Absolute availability per night, compacted; key `room_id/date`, partition by `room_id`.
    pub const AVAILABILITY: &str = "availability.events";
}

/// The `type` attributes.
pub mod kind {
    /// A hotel, whole.
    pub const HOTEL_CHANGED: &str = "vacancy.hotel.changed.v1";
    /// A room, whole.
    pub const ROOM_CHANGED: &str = "vacancy.room.changed.v1";
    /// A night's absolute availability.
    pub const AVAILABILITY_CHANGED: &str = "vacancy.availability.changed.v1";
}

/// A CloudEvent 1.0 in structured JSON mode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloudEvent<T> {
    /// Always `1.0`.
    pub specversion: SpecVersion,
    /// Names the event; a redelivery has the same.
    pub id: EventId,
    /// Who says it: `/vacancy/booking-service`.
    pub source: String,
    /// What it says, with the version of its shape.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is about: the record's key.
    pub subject: String,
    /// When it came to be.
    pub time: Instant,
    /// Always `application/json`.
    #[serde(default = "json_content")]
    pub datacontenttype: String,
    /// W3C Trace Context, as CloudEvents' distributed tracing extension carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The body.
    pub data: T,
}

/// The one version of CloudEvents that we write and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SpecVersion {
    /// CloudEvents 1.0.
    #[serde(rename = "1.0")]
    V1,
}

/// What happened, to what and when.
#[derive(Debug, Clone)]
pub struct Occurrence<'a> {
    /// The event's `type`.
    pub kind: &'a str,
    /// What it happened to.
    pub subject: String,
    /// When it happened.
    pub time: Instant,
}

fn json_content() -> String {
    "application/json".to_owned()
}

impl<T> CloudEvent<T> {
    /// An event that tells of `occurrence`, with its body.
    pub fn new(id: EventId, source: &str, occurrence: Occurrence<'_>, data: T) -> Self {
        Self {
            specversion: SpecVersion::V1,
            id,
            source: source.to_owned(),
            kind: occurrence.kind.to_owned(),
            subject: occurrence.subject,
            time: occurrence.time,
            datacontenttype: json_content(),
            traceparent: None,
            data,
        }
    }
}

/// What happened to a booking: the last word of the event's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BookingHappening {
    /// Made: rooms held.
    Reserved,
    /// Paid.
    Booked,
    /// Ended before the stay.
    Cancelled,
    /// The stay is over.
    Completed,
    /// A late payment brought it back.
    Rebooked,
    /// A refund was confirmed by the provider.
    Refunded,
    /// A late or second payment goes back.
    LatePaymentRefunded,
    /// Its invoice has its number.
    Invoiced,
}

impl BookingHappening {
    /// Every one.
    pub const ALL: &'static [Self] = &[
        Self::Reserved,
        Self::Booked,
        Self::Cancelled,
        Self::Completed,
        Self::Rebooked,
        Self::Refunded,
        Self::LatePaymentRefunded,
        Self::Invoiced,
    ];

    /// Its word: in the history, and the third of the event's `type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Booked => "booked",
            Self::Cancelled => "cancelled",
            Self::Completed => "completed",
            Self::Rebooked => "rebooked",
            Self::Refunded => "refunded",
            Self::LatePaymentRefunded => "late_payment_refunded",
            Self::Invoiced => "invoiced",
        }
    }

    /// Reads its word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|happening| happening.as_str() == word)
    }

    /// Whether a booking has ended with it, which only one that is still among the active ones does: what comes after is about its
    /// money.
    pub const fn ends(self) -> bool {
        match self {
            Self::Cancelled | Self::Completed => true,
            Self::Reserved
            | Self::Booked
            | Self::Rebooked
            | Self::Refunded
            | Self::LatePaymentRefunded
            | Self::Invoiced => false,
        }
    }

    /// The event's `type`.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Reserved => "vacancy.booking.reserved.v1",
            Self::Booked => "vacancy.booking.booked.v1",
            Self::Cancelled => "vacancy.booking.cancelled.v1",
            Self::Completed => "vacancy.booking.completed.v1",
            Self::Rebooked => "vacancy.booking.rebooked.v1",
            Self::Refunded => "vacancy.booking.refunded.v1",
            Self::LatePaymentRefunded => "vacancy.booking.late_payment_refunded.v1",
            Self::Invoiced => "vacancy.booking.invoiced.v1",
        }
    }

    /// Reads a `type`; none for one we do not know (a newer writer's).
    pub fn of_kind(kind: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|happening| happening.kind() == kind)
    }
}

/// The body of every event of `booking.events`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BookingEvent {
    /// The booking after it, with its version.
    pub booking: BookingRecord,
    /// Where it stood before; null when it was made.
    #[schema(required)]
    pub from: Option<BookingStatus>,
    /// Who did it; null in events from before this was told.
    #[serde(default)]
    #[schema(required)]
    pub actor: Option<Actor>,
    /// The money that goes or went back with it.
    #[serde(default)]
    #[schema(required)]
    pub refund: Option<RefundFacts>,
    /// The invoice or credit note that was numbered.
    #[serde(default)]
    #[schema(required)]
    pub invoice: Option<InvoiceFacts>,
}

/// Money that goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefundFacts {
    /// The refund.
    pub refund_id: RefundId,
    /// How much.
    pub amount: Money,
}

/// A numbered invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvoiceFacts {
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// Its number, such as `PAR-2026-000042`.
    pub number: String,
    /// When it was issued.
    pub issued_at: Instant,
    /// The credit note that goes with a refund.
    #[serde(default)]
    #[schema(required)]
    pub credit_note: Option<CreditNoteFacts>,
}

/// A numbered credit note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreditNoteFacts {
    /// The credit note.
    pub credit_note_id: CreditNoteId,
    /// Its number, such as `PAR-C2026-000001`.
    #[schema(example = "PAR-C2026-000001")]
    pub number: String,
    /// How much it takes back.
    pub amount: Money,
}

/// `availability.changed`: what a night is now, in absolute numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AvailabilityChanged {
    /// The hotel.
    pub hotel_id: HotelId,
    /// The room.
    pub room_id: RoomId,
    /// The night.
    #[schema(value_type = String, format = Date)]
    pub date: NaiveDate,
    /// Units there are to sell.
    pub initial_quantity: u32,
    /// Units still to be had.
    pub available_quantity: u32,
    /// The night's version.
    pub version: i64,
}

impl AvailabilityChanged {
    /// The key of its record.
    pub fn key(&self) -> String {
        night_key(self.room_id, self.date)
    }
}

/// The key of a hotel in `hotel.events`.
pub fn hotel_key(hotel: HotelId) -> String {
    format!("hotel/{hotel}")
}

/// The key of a room in `hotel.events`.
pub fn room_key(room: RoomId) -> String {
    format!("room/{room}")
}

/// The key of a night in `availability.events`.
pub fn night_key(room: RoomId, date: NaiveDate) -> String {
    format!("{room}/{date}")
}

/// Reads [`night_key`] back.
pub fn parse_night_key(key: &str) -> Option<(RoomId, NaiveDate)> {
    let (room, night) = key.split_once('/')?;
    Some((room.parse().ok()?, date::parse(night).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_events_type_has_its_word() {
        for happening in BookingHappening::ALL {
            assert_eq!(happening.kind(), format!("vacancy.booking.{}.v1", happening.as_str()));
            assert_eq!(serde_json::to_value(happening).unwrap(), happening.as_str());
        }
    }
}
