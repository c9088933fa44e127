//! Which mails an event means, to whom (api.md, MAILS).

use domain::{
    booking::{BookingRecord, BookingStatus, StatusReason},
    event::{BookingEvent, BookingHappening},
};

/// The mails there are. A mail's text is `templates/<language>/<name>.txt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The stay is booked; the invoice is attached.
    BookedTraveller,
    /// The same for the hotel.
    BookedHotel,
    /// Cancelled by traveller or hotel.
    CancelledTraveller,
    /// The same for the hotel.
    CancelledHotel,
    /// Ended unpaid.
    Unpaid,
    /// The provider has confirmed a refund.
    Refunded,
    /// The stay is over.
    Completed,
    /// Late money brought the booking back.
    Rebooked,
    /// Late or second money goes back.
    LateRefunded,
}

impl Kind {
    /// Every mail.
    pub const ALL: [Self; 9] = [
        Self::BookedTraveller,
        Self::BookedHotel,
        Self::CancelledTraveller,
        Self::CancelledHotel,
        Self::Unpaid,
        Self::Refunded,
        Self::Completed,
        Self::Rebooked,
        Self::LateRefunded,
    ];

    /// Its name in files, tables and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BookedTraveller => "booked_traveller",
            Self::BookedHotel => "booked_hotel",
            Self::CancelledTraveller => "cancelled_traveller",
            Self::CancelledHotel => "cancelled_hotel",
            Self::Unpaid => "unpaid",
            Self::Refunded => "refunded",
            Self::Completed => "completed",
            Self::Rebooked => "rebooked",
            Self::LateRefunded => "late_refunded",
        }
    }

    /// Whether it goes to the hotel; else to the traveller.
    pub const fn is_for_hotel(self) -> bool {
        match self {
            Self::BookedHotel | Self::CancelledHotel => true,
            Self::BookedTraveller
            | Self::CancelledTraveller
            | Self::Unpaid
            | Self::Refunded
            | Self::Completed
            | Self::Rebooked
            | Self::LateRefunded => false,
        }
    }

    /// The mail of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Where it goes.
    pub fn address(self, booking: &BookingRecord) -> &str {
        let facts = &booking.facts;
        if self.is_for_hotel() { facts.hotel.email.as_str() } else { facts.booker.email.as_str() }
    }
}

/// The mails that an event means.
pub fn of(happening: BookingHappening, event: &BookingEvent) -> &'static [Kind] {
    match happening {
        BookingHappening::Reserved => &[],
        // The traveller's waits for the invoice's number.
        BookingHappening::Booked => &[Kind::BookedHotel],
        BookingHappening::Rebooked => &[Kind::BookedHotel, Kind::Rebooked],
        BookingHappening::Invoiced => invoiced(event),
        BookingHappening::Cancelled if is_unpaid(happening, event) => ended_unpaid(event),
        BookingHappening::Cancelled => &[Kind::CancelledTraveller, Kind::CancelledHotel],
        BookingHappening::Refunded => &[Kind::Refunded],
        BookingHappening::LatePaymentRefunded => &[Kind::LateRefunded],
        BookingHappening::Completed => &[Kind::Completed],
    }
}

/// Whether the event ends a booking that nobody has paid: whoever made it has shown nothing but a token, and the address may
/// be a stranger's.
pub fn is_unpaid(happening: BookingHappening, event: &BookingEvent) -> bool {
    let reason = event.booking.status_reason;
    let never_paid = matches!(reason, Some(StatusReason::PaymentFailed | StatusReason::HoldExpired));
    happening == BookingHappening::Cancelled && (never_paid || event.from == Some(BookingStatus::Reserved))
}

/// The hotel was never told of the hold. The traveller is, at an address that the identity provider calls the caller's own.
fn ended_unpaid(event: &BookingEvent) -> &'static [Kind] {
    let BookingRecord { status_reason, facts, .. } = &event.booking;
    if !facts.email_verified {
        return &[];
    }
    match status_reason {
        Some(StatusReason::Traveller | StatusReason::Hotel) => &[Kind::CancelledTraveller],
        Some(StatusReason::PaymentFailed | StatusReason::HoldExpired) => &[Kind::Unpaid],
        None => &[],
    }
}

/// The invoice's number confirms the stay. A credit note's does not, nor one for a booking that has ended meanwhile.
fn invoiced(event: &BookingEvent) -> &'static [Kind] {
    let is_invoice = event.invoice.as_ref().is_some_and(|invoice| invoice.credit_note.is_none());
    match event.booking.status {
        BookingStatus::Booked | BookingStatus::Completed if is_invoice => &[Kind::BookedTraveller],
        BookingStatus::Reserved
        | BookingStatus::Booked
        | BookingStatus::Cancelled
        | BookingStatus::Completed => &[],
    }
}
