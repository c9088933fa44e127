//! A booking: its states, and the record that events carry and the archive keeps.

use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    country::CountryCode,
    currency::Currency,
    ids::{BookingId, HotelId, InvoiceId, PaymentId, RoomId, UserId},
    instant::Instant,
    invalid::Invalid,
    money::Money,
    party,
    person_name::PersonName,
    price::{CancellationPolicy, Price},
    spelled::spelled,
    stay::StayDates,
    text::{ClientReference, Email, Language, Phone, Text},
    zone::TimeZone,
};

spelled! {
    /// Where a booking stands.
    BookingStatus {
        /// Rooms are taken, payment is awaited until `hold_expires_at`.
        Reserved = "RESERVED",
        /// Paid.
        Booked = "BOOKED",
        /// Ended before the stay; `status_reason` says why.
        Cancelled = "CANCELLED",
        /// The stay is over.
        Completed = "COMPLETED",
    }
}

spelled! {
    /// Why a booking is CANCELLED.
    StatusReason {
        /// The checkout session ended unpaid.
        PaymentFailed = "payment_failed",
        /// The hold ended before a payment came.
        HoldExpired = "hold_expired",
        /// The traveller cancelled.
        Traveller = "traveller",
        /// The hotel (or an operator) cancelled.
        Hotel = "hotel",
    }
}

spelled! {
    /// What became of money that came after the booking had ended.
    LatePayment {
        /// The rooms were still free: BOOKED after all.
        Rebooked = "rebooked",
        /// They were not: the money goes back.
        Refunded = "refunded",
    }
}

spelled! {
    /// Where a booking's payment stands.
    PaymentStatus {
        /// Nothing heard from the provider yet.
        Pending = "pending",
        /// Captured.
        Succeeded = "succeeded",
        /// The session ended unpaid.
        Failed = "failed",
        /// Voided: its link is dead.
        Voided = "voided",
        /// Another amount than asked: an operator decides.
        InReview = "in_review",
        /// A refund is owed and not yet confirmed.
        RefundDue = "refund_due",
        /// The refund is confirmed.
        Refunded = "refunded",
    }
}

impl BookingStatus {
    /// Whether the booking has ended and may be archived.
    pub const fn has_ended(self) -> bool {
        match self {
            Self::Reserved | Self::Booked => false,
            Self::Cancelled | Self::Completed => true,
        }
    }
}

/// Who sleeps in each unit of a line.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "RawParty")]
pub struct Party {
    /// Adults in each unit.
    #[schema(minimum = 1, maximum = 50, example = 2)]
    adults: u8,
    /// Ages of the children in each unit, in years.
    #[schema(max_items = 20, example = json!([4]))]
    child_ages: Vec<u8>,
}

#[derive(Deserialize)]
struct RawParty {
    adults: u8,
    #[serde(default)]
    child_ages: Vec<u8>,
}

impl Party {
    /// 1 to 50 adults and up to 20 children of 0 to 17 years.
    pub fn parse(adults: u8, child_ages: Vec<u8>) -> Result<Self, Invalid> {
        if !(1..=party::MOST_ADULTS).contains(&adults) {
            return Err(Invalid::out_of_range("Between 1 and 50 adults."));
        }
        let too_many = child_ages.len() > usize::from(party::MOST_CHILDREN);
        if too_many || child_ages.iter().any(|age| *age >= party::ADULT_AGE) {
            return Err(Invalid::out_of_range("At most 20 children of 0 to 17 years."));
        }
        Ok(Self { adults, child_ages })
    }

    /// Grown-ups.
    pub const fn adults(&self) -> u8 {
        self.adults
    }

    /// The children's ages in years.
    pub fn child_ages(&self) -> &[u8] {
        &self.child_ages
    }

    /// Everybody.
    pub fn people(&self) -> u16 {
        u16::from(self.adults).saturating_add(u16::try_from(self.child_ages.len()).unwrap_or(u16::MAX))
    }
}

impl TryFrom<RawParty> for Party {
    type Error = Invalid;

    fn try_from(raw: RawParty) -> Result<Self, Invalid> {
        Self::parse(raw.adults, raw.child_ages)
    }
}

/// One line of a booking: `quantity` units of a room with the same party in each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BookedLine {
    /// The line's number, from 1.
    #[schema(minimum = 1, maximum = 9)]
    pub line: u8,
    /// The room.
    pub room_id: RoomId,
    /// Its name as at booking.
    #[schema(example = "Deluxe double")]
    pub room_name: String,
    /// How many units.
    #[schema(minimum = 1, maximum = 9)]
    pub quantity: u8,
    /// Who sleeps in each.
    #[serde(flatten)]
    pub party: Party,
}

/// Who books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Booker {
    /// Given name.
    #[schema(value_type = String, min_length = 1, max_length = 60, example = "Ada")]
    pub given_name: PersonName,
    /// Family name.
    #[schema(value_type = String, min_length = 1, max_length = 60, example = "Lovelace")]
    pub family_name: PersonName,
    /// Where mails go.
    pub email: Email,
    /// Where the hotel calls.
    #[schema(required)]
    pub phone: Option<Phone>,
}

/// The hotel as at booking: copied, and never changed after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BookedHotel {
    /// Its name.
    pub name: String,
    /// Its zone; every date of the booking is in it.
    pub time_zone: TimeZone,
    /// Its country.
    pub country_code: CountryCode,
    /// Its currency.
    pub currency: Currency,
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
    /// Where the hotel's mails go; never shown to travellers.
    pub email: Email,
}

/// What never changes after booking; written once, as JSON in one column (performance.md says why). Whatever changes is a
/// member of [`BookingRecord`] and a column of its own, so that a transition does not write these again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BookingFacts {
    /// The lines, in the order of the request.
    pub lines: Vec<BookedLine>,
    /// Who booked.
    pub booker: Booker,
    /// Whether the identity provider calls the booker's address the caller's own. Nobody else's word for it counts.
    #[serde(default)]
    #[schema(required)]
    pub email_verified: bool,
    /// The language of mails and pages.
    pub language: Language,
    /// Wishes to the hotel.
    #[schema(value_type = Option<String>, required, max_length = 500)]
    pub special_requests: Option<Text<0, 500>>,
    /// The price, fixed at booking.
    pub price: Price,
    /// The policy, resolved at booking.
    pub cancellation_policy: CancellationPolicy,
    /// The hotel as at booking.
    pub hotel: BookedHotel,
    /// Our name for the payment.
    pub payment_id: PaymentId,
    /// Where it is paid: the link as signed when the booking was made, so that no later setting changes an answer.
    pub checkout_url: String,
    /// When the checkout session ends, a setting before the hold does.
    pub checkout_expires_at: Instant,
}

/// A booking as stored, carried in events and archived: all that a reader needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BookingRecord {
    /// The booking.
    pub booking_id: BookingId,
    /// Its hotel.
    pub hotel_id: HotelId,
    /// Who owns it.
    pub user_id: UserId,
    /// The nights.
    #[serde(flatten)]
    pub dates: StayDates,
    /// Where it stands.
    pub status: BookingStatus,
    /// Why it is CANCELLED.
    #[schema(required)]
    pub status_reason: Option<StatusReason>,
    /// What became of money that came late.
    #[schema(required)]
    pub late_payment: Option<LatePayment>,
    /// When the hold ends; kept after it ended.
    pub hold_expires_at: Instant,
    /// The caller's own name for it.
    #[schema(required)]
    pub client_reference: Option<ClientReference>,
    /// Its invoice, once BOOKED.
    #[schema(required)]
    pub invoice_id: Option<InvoiceId>,
    /// When it was cancelled.
    #[schema(required)]
    pub cancelled_at: Option<Instant>,
    /// What cancelling has cost, once cancelled.
    #[schema(required)]
    pub penalty: Option<Money>,
    /// The word given with the cancellation.
    #[schema(value_type = Option<String>, required, max_length = 200)]
    pub cancellation_note: Option<Text<0, 200>>,
    /// Raised by one with every event of this booking, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// What does not change: shared by all who hold the record, since it is by far its larger part.
    #[schema(value_type = BookingFacts)]
    pub facts: Arc<BookingFacts>,
}

impl BookingRecord {
    /// The units it takes in all.
    pub fn units(&self) -> u16 {
        self.facts.lines.iter().map(|line| u16::from(line.quantity)).fold(0, u16::saturating_add)
    }

    /// The date that the hotel's calendar shows at `now`.
    pub fn hotel_today(&self, now: Instant) -> NaiveDate {
        self.facts.hotel.time_zone.date_of(now)
    }

    /// When something is next to be done about it: the hold ends, the day after that of departure begins at the hotel, or, once
    /// it has ended, it is to be archived since then.
    pub fn due_at(&self) -> Instant {
        match self.status {
            BookingStatus::Reserved => self.hold_expires_at,
            BookingStatus::Booked => {
                let day_after = self.dates.end_date().succ_opt().unwrap_or(NaiveDate::MAX);
                self.facts.hotel.time_zone.first_instant_of(day_after)
            }
            BookingStatus::Cancelled | BookingStatus::Completed => self.updated_at,
        }
    }
}

/// Times of day as people write them: `15:00`.
pub mod hour_minute {
    use chrono::NaiveTime;
    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::invalid::Invalid;

    /// Reads `HH:MM`.
    pub fn parse(text: &str) -> Result<NaiveTime, Invalid> {
        // Chrono also takes signs and white space.
        let is_plain = text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
        NaiveTime::parse_from_str(text, "%H:%M")
            .ok()
            .filter(|_| is_plain)
            .ok_or_else(|| Invalid::malformed("A time of day such as 15:00."))
    }

    /// Writes `HH:MM`.
    pub fn serialize<S: Serializer>(time: &NaiveTime, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&time.format("%H:%M"))
    }

    /// Reads `HH:MM`.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<NaiveTime, D::Error> {
        let text = String::deserialize(from)?;
        parse(&text).map_err(de::Error::custom)
    }
}
