//! Why a command or a request has no effect.

use domain::{BookingId, Currency, HotelId, Instant, Invalid, Money, RefundId, money::MoneyError};

use crate::night::ShortNight;

/// Why a request has no effect; nothing is written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The key was used with another body.
    #[error("the idempotency key was used with another request")]
    IdempotencyKeyReused,
    /// The caller has used the reference for another booking.
    #[error("the client reference names booking {0}")]
    ClientReferenceReused(BookingId),
    /// No such hotel.
    #[error("no hotel {0} is known")]
    UnknownHotel(HotelId),
    /// A line names a room that the hotel does not have; lines from 0, as JSON pointers count.
    #[error("line {line} names a room that the hotel does not have")]
    UnknownRoom {
        /// The line's index, from 0.
        line: usize,
    },
    /// The dates cannot be sold today.
    #[error("{0}")]
    InvalidStay(Invalid),
    /// More people than a unit sleeps; every such line.
    #[error("more people than the room sleeps")]
    OccupancyExceeded(Vec<CrowdedLine>),
    /// The hotel or a room is not on sale; indices of the lines, from 0.
    #[error("the room is not on sale")]
    Restricted {
        /// Lines whose room is not on sale.
        lines: Vec<usize>,
    },
    /// The quote's time is over.
    #[error("the quote expired at {0}")]
    QuoteExpired(Instant),
    /// The quote describes another stay.
    #[error("the quote describes another stay")]
    QuoteMismatch,
    /// The expected total is in another currency than the hotel's.
    #[error("the hotel's currency is {0}")]
    ForeignCurrency(Currency),
    /// Today's total is above what the caller accepts.
    #[error("the total is {current}, {expected} was expected")]
    PriceChanged {
        /// What the caller expects.
        expected: Money,
        /// Today's total.
        current: Money,
    },
    /// The price is 2^53 minor units or more.
    #[error("the price cannot be told: {0}")]
    Unpriceable(MoneyError),
    /// The caller has as many open holds as it may.
    #[error("{open} open holds, {limit} at most")]
    TooManyHolds {
        /// Open holds.
        open: u32,
        /// How many there may be.
        limit: u32,
    },
    /// Too few units on these nights.
    #[error("sold out")]
    SoldOut(Vec<ShortNight>),
    /// No such booking.
    #[error("no booking {0}")]
    UnknownBooking(BookingId),
    /// Cancelling costs more than accepted.
    #[error("cancelling costs {current}, {accepted} was accepted")]
    PenaltyChanged {
        /// What the caller accepts.
        accepted: Money,
        /// What it costs.
        current: Money,
    },
    /// The stay is over.
    #[error("the stay is over")]
    NotCancellable,
    /// A stay cannot end while its hold is open.
    #[error("the hold is still open")]
    StillReserved,
    /// The accepted penalty is in another currency than the booking's.
    #[error("the booking's currency is {0}")]
    ForeignPenalty(Currency),
    /// What was taken is in another currency than the booking's price, so it cannot pay for it.
    #[error("{captured} was taken, the booking's currency is {currency}")]
    ForeignCapture {
        /// What was taken.
        captured: Money,
        /// The booking's currency.
        currency: Currency,
    },
    /// The booking has no such payment in review.
    #[error("no such payment is in review")]
    NotInReview,
    /// The refund was refused under that name and has another one since: it may go back twice.
    #[error("the refund {0} goes by another name")]
    RefundRenewed(RefundId),
    /// The booking is paid already.
    #[error("the booking is paid already")]
    AlreadyPaid,
    /// The booking has ended and cannot be brought back.
    #[error("the booking has ended and cannot be brought back")]
    CannotRebook,
}

impl Refusal {
    /// The code of the problem that tells it to a client (api.md, ERRORS).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::ClientReferenceReused(_) => "client_reference_reused",
            Self::UnknownHotel(_)
            | Self::UnknownRoom { .. }
            | Self::ForeignCurrency(_)
            | Self::ForeignPenalty(_) => "invalid_field",
            Self::InvalidStay(_) => "invalid_stay",
            Self::OccupancyExceeded(_) => "occupancy_exceeded",
            Self::QuoteExpired(_) => "quote_expired",
            Self::QuoteMismatch => "quote_mismatch",
            Self::PriceChanged { .. } => "price_changed",
            Self::TooManyHolds { .. } => "too_many_holds",
            Self::SoldOut(_) => "sold_out",
            Self::UnknownBooking(_) | Self::NotInReview | Self::RefundRenewed(_) => "not_found",
            Self::PenaltyChanged { .. } => "penalty_changed",
            Self::NotCancellable | Self::StillReserved => "not_cancellable",
            Self::AlreadyPaid => "already_exists",
            Self::Restricted { .. }
            | Self::Unpriceable(_)
            | Self::CannotRebook
            | Self::ForeignCapture { .. } => "restricted",
        }
    }

    /// Whether the reason lies in a hotel, a room or a night, which others move at any time: then it is worth a look before
    /// it is said.
    pub const fn rests_on_rooms(&self) -> bool {
        match self {
            Self::UnknownHotel(_)
            | Self::UnknownRoom { .. }
            | Self::InvalidStay(_)
            | Self::OccupancyExceeded(_)
            | Self::Restricted { .. }
            | Self::ForeignCurrency(_)
            | Self::PriceChanged { .. }
            | Self::Unpriceable(_)
            | Self::SoldOut(_)
            | Self::CannotRebook => true,
            Self::IdempotencyKeyReused
            | Self::ClientReferenceReused(_)
            | Self::QuoteExpired(_)
            | Self::QuoteMismatch
            | Self::TooManyHolds { .. }
            | Self::UnknownBooking(_)
            | Self::PenaltyChanged { .. }
            | Self::NotCancellable
            | Self::StillReserved
            | Self::ForeignPenalty(_)
            | Self::ForeignCapture { .. }
            | Self::NotInReview
            | Self::RefundRenewed(_)
            | Self::AlreadyPaid => false,
        }
    }
}

/// A line with more people than a unit sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrowdedLine {
    /// The line's index, from 0.
    pub line: usize,
    /// People in each unit.
    pub people: u16,
    /// People that a unit sleeps.
    pub occupancy: u8,
}
