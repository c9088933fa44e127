//! A booking as the API shows it (api.md, BOOKING and LISTS).

use chrono::{NaiveDate, NaiveTime};
use domain::{
    BookingId, ClientReference, HotelId, Instant, InvoiceId, Language, Money, NightCount, Phone, Text,
    TimeZone, UserId,
    booking::{
        BookedLine, Booker, BookingFacts, BookingRecord, BookingStatus, LatePayment, StatusReason,
        hour_minute,
    },
    ids::ConfirmationNumber,
    price::{CancellationPolicy, Price},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::payment::PaymentFacts;

/// A booking as its traveller, its hotel and operators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Booking, example = json!({
    "status_reason": null, "late_payment": null, "invoice_id": null, "cancelled_at": null, "cancellation": null,
    "hold_expires_at": "2026-11-21T19:28:00.000000Z",
}))]
pub struct BookingView {
    /// The booking.
    pub booking_id: BookingId,
    /// What a traveller reads over the phone; in every mail.
    pub confirmation_number: ConfirmationNumber,
    /// The caller's own name for it; the hotel is told once it is paid.
    #[schema(required)]
    pub client_reference: Option<ClientReference>,
    /// Who owns it; the hotel is told once it is paid.
    #[schema(required)]
    pub user_id: Option<UserId>,
    /// Its hotel.
    pub hotel_id: HotelId,
    /// The day of arrival, in the hotel's zone.
    #[schema(value_type = String, format = Date, example = "2026-12-24")]
    pub start_date: NaiveDate,
    /// The day of departure.
    #[schema(value_type = String, format = Date, example = "2026-12-26")]
    pub end_date: NaiveDate,
    /// How many nights.
    #[schema(value_type = u16, minimum = 1, maximum = 30, example = 2)]
    pub nights: NightCount,
    /// Where it stands.
    pub status: BookingStatus,
    /// Why it is CANCELLED.
    #[schema(required)]
    pub status_reason: Option<StatusReason>,
    /// What became of money that came after it had ended.
    #[schema(required)]
    pub late_payment: Option<LatePayment>,
    /// The hotel as at booking.
    pub hotel: BookingHotel,
    /// The lines, in the order of the request.
    pub lines: Vec<BookedLine>,
    /// Who booked; the hotel is told once it is paid.
    #[schema(required)]
    pub booker: Option<Booker>,
    /// The language of mails and pages.
    pub language: Language,
    /// Wishes to the hotel, which is told once it is paid.
    #[schema(value_type = Option<String>, required, max_length = 500, example = "A quiet room, please.")]
    pub special_requests: Option<Text<0, 500>>,
    /// The price, fixed at booking.
    pub price: Price,
    /// What leaving costs, resolved at booking.
    pub cancellation_policy: CancellationPolicy,
    /// When the hold ends; kept after it ended.
    pub hold_expires_at: Instant,
    /// Where it is paid; null unless RESERVED, and for everybody but who booked.
    #[schema(required)]
    pub checkout: Option<Checkout>,
    /// Its payment.
    pub payment: PaymentFacts,
    /// Its invoice, once BOOKED.
    #[schema(required)]
    pub invoice_id: Option<InvoiceId>,
    /// When it was cancelled.
    #[schema(required)]
    pub cancelled_at: Option<Instant>,
    /// How its traveller or its hotel cancelled it; null unless one of them did.
    #[schema(required)]
    pub cancellation: Option<BookingCancellation>,
    /// When it was made.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// Raised with every change; the `ETag`.
    pub version: i64,
}

/// The hotel of a booking as at booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BookingHotel {
    /// The hotel.
    pub hotel_id: HotelId,
    /// Its name.
    #[schema(example = "Hotel Paradiso")]
    pub name: String,
    /// Its zone; every date of the booking is in it.
    pub time_zone: TimeZone,
    /// From when guests may come, local.
    #[schema(value_type = String, example = "15:00")]
    #[serde(with = "hour_minute")]
    pub check_in_time: NaiveTime,
    /// Until when guests must leave, local.
    #[schema(value_type = String, example = "11:00")]
    #[serde(with = "hour_minute")]
    pub check_out_time: NaiveTime,
    /// For travellers to call.
    #[schema(required)]
    pub phone: Option<Phone>,
}

/// Where a booking is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Checkout {
    /// The provider's page, signed by us.
    #[schema(
        format = "uri",
        example = "https://pay.example/checkout/0193a5c0-7d1e-79f2-8089-cbb86ca7d1ff?sig=6b1f"
    )]
    pub url: String,
    /// When the session ends.
    pub expires_at: Instant,
}

/// A cancellation by the traveller or the hotel, with the word it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "by": "traveller", "penalty": { "amount": 0, "currency": "EUR" }, "refund": { "amount": 24690, "currency": "EUR" },
}))]
pub struct BookingCancellation {
    /// `traveller`, or `hotel` (an operator cancels for the hotel).
    pub by: StatusReason,
    /// The word to the other side; the hotel is told the traveller's only of what was paid.
    #[schema(value_type = Option<String>, required, max_length = 200, example = "We cannot come.")]
    pub note: Option<Text<0, 200>>,
    /// What is kept of what was paid.
    pub penalty: Money,
    /// What goes back of it.
    pub refund: Money,
}

/// Who is shown a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// Who booked: alone is given the signed link at which it is paid.
    Booker,
    /// Who manages its hotel: is told who booked once the booking has been paid.
    Hotel,
    /// An operator.
    Operator,
}

/// A booking's money as it is now: it moves on after the booking has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingMoney {
    /// Its payment.
    pub payment: PaymentFacts,
    /// The sum of its credit notes: what its cancellation gives back.
    pub credited: Money,
}

impl BookingMoney {
    /// The money of a booking of which the provider has said nothing.
    pub fn pending(record: &BookingRecord) -> Self {
        let payment = PaymentFacts::pending(record);
        Self { credited: Money::zero(payment.amount.currency()), payment }
    }
}

impl BookingView {
    /// What this viewer is shown of a booking.
    pub fn of(record: &BookingRecord, money: BookingMoney, viewer: Viewer) -> Self {
        let facts = BookingFacts::clone(&record.facts);
        let is_told = viewer.knows_who_booked(record);
        let checkout = (viewer == Viewer::Booker).then(|| Checkout::of(record)).flatten();
        Self {
            booking_id: record.booking_id,
            confirmation_number: record.booking_id.confirmation_number(),
            client_reference: record.client_reference.clone().filter(|_| is_told),
            user_id: is_told.then_some(record.user_id),
            hotel_id: record.hotel_id,
            start_date: record.dates.start_date(),
            end_date: record.dates.end_date(),
            nights: record.dates.night_count(),
            status: record.status,
            status_reason: record.status_reason,
            late_payment: record.late_payment,
            hotel: BookingHotel::of(record),
            lines: facts.lines,
            booker: is_told.then_some(facts.booker),
            language: facts.language,
            special_requests: facts.special_requests.filter(|_| is_told),
            price: facts.price,
            cancellation_policy: facts.cancellation_policy,
            hold_expires_at: record.hold_expires_at,
            checkout,
            cancellation: BookingCancellation::of(record, money.credited, is_told),
            payment: money.payment,
            invoice_id: record.invoice_id,
            cancelled_at: record.cancelled_at,
            created_at: record.created_at,
            updated_at: record.updated_at,
            version: record.version,
        }
    }

    /// The view of a booking that was just made, or as it was when it was made: its payment is pending.
    pub fn unpaid(record: &BookingRecord) -> Self {
        Self::of(record, BookingMoney::pending(record), Viewer::Booker)
    }
}

impl Viewer {
    /// Whether this viewer may know who booked, and what they wrote. A hold that nobody paid is none of the hotel's business.
    /// An invoice is issued with BOOKED and stays.
    pub const fn knows_who_booked(self, record: &BookingRecord) -> bool {
        match self {
            Self::Booker | Self::Operator => true,
            Self::Hotel => record.invoice_id.is_some(),
        }
    }
}

impl BookingCancellation {
    fn of(record: &BookingRecord, credited: Money, is_told: bool) -> Option<Self> {
        let by = record.status_reason.filter(|reason| match reason {
            StatusReason::Traveller | StatusReason::Hotel => true,
            StatusReason::PaymentFailed | StatusReason::HoldExpired => false,
        })?;
        let penalty = record.penalty.unwrap_or(Money::zero(record.facts.price.total.currency()));
        let note = record.cancellation_note.clone().filter(|_| is_told || by == StatusReason::Hotel);
        Some(Self { by, note, penalty, refund: credited })
    }
}

impl BookingHotel {
    fn of(record: &BookingRecord) -> Self {
        let hotel = &record.facts.hotel;
        Self {
            hotel_id: record.hotel_id,
            name: hotel.name.clone(),
            time_zone: hotel.time_zone,
            check_in_time: hotel.check_in_time,
            check_out_time: hotel.check_out_time,
            phone: hotel.phone.clone(),
        }
    }
}

impl Checkout {
    /// Only a RESERVED booking can be paid.
    fn of(record: &BookingRecord) -> Option<Self> {
        let facts = &record.facts;
        (record.status == BookingStatus::Reserved)
            .then(|| Self { url: facts.checkout_url.clone(), expires_at: facts.checkout_expires_at })
    }
}

/// A booking in a list of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "status_reason": null, "rooms": 1, "total": { "amount": 24690, "currency": "EUR" },
    "hold_expires_at": "2026-11-21T19:28:00.000000Z",
}))]
pub struct BookingSummary {
    /// The booking.
    pub booking_id: BookingId,
    /// What a traveller reads over the phone.
    pub confirmation_number: ConfirmationNumber,
    /// Its hotel.
    pub hotel_id: HotelId,
    /// The hotel's name as at booking.
    #[schema(example = "Hotel Paradiso")]
    pub hotel_name: String,
    /// The hotel's cover image.
    #[schema(required, format = "uri", example = "https://images.vacancy.example/0193a5c0-1280.jpg")]
    pub cover_image_url: Option<String>,
    /// The day of arrival.
    #[schema(value_type = String, format = Date, example = "2026-12-24")]
    pub start_date: NaiveDate,
    /// The day of departure.
    #[schema(value_type = String, format = Date, example = "2026-12-26")]
    pub end_date: NaiveDate,
    /// Where it stands.
    pub status: BookingStatus,
    /// Why it is CANCELLED.
    #[schema(required)]
    pub status_reason: Option<StatusReason>,
    /// Units of all its lines.
    #[schema(minimum = 1, maximum = 9)]
    pub rooms: u16,
    /// What it costs.
    pub total: Money,
    /// When the hold ends; kept after it ended.
    pub hold_expires_at: Instant,
    /// Where it is paid; null unless RESERVED.
    #[schema(
        required,
        format = "uri",
        example = "https://pay.example/checkout/0193a5c0-7d1e-79f2-8089-cbb86ca7d1ff?sig=6b1f"
    )]
    pub checkout_url: Option<String>,
    /// When it was made.
    pub created_at: Instant,
    /// Raised with every change.
    pub version: i64,
}

impl BookingSummary {
    /// The summary of a booking with its hotel's cover image.
    pub fn of(record: &BookingRecord, cover_image_url: Option<String>) -> Self {
        Self {
            booking_id: record.booking_id,
            confirmation_number: record.booking_id.confirmation_number(),
            hotel_id: record.hotel_id,
            hotel_name: record.facts.hotel.name.clone(),
            cover_image_url,
            start_date: record.dates.start_date(),
            end_date: record.dates.end_date(),
            status: record.status,
            status_reason: record.status_reason,
            rooms: record.units(),
            total: record.facts.price.total,
            hold_expires_at: record.hold_expires_at,
            checkout_url: Checkout::of(record).map(|checkout| checkout.url),
            created_at: record.created_at,
            version: record.version,
        }
    }
}
