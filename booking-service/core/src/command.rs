//! What arrives at a booking (domain.md, States).

use domain::{Actor, Money, PaymentId, RefundId, Text, booking::StatusReason};

/// What arrives at a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The provider has captured a payment for it.
    PaymentSucceeded(Capture),
    /// The checkout session ended unpaid.
    CheckoutEnded,
    /// The hold is about to end.
    HoldDue,
    /// What the provider answered when it was asked.
    ProviderSaid(ProviderSaid),
    /// Cancelled by its traveller or its hotel.
    Cancel(Cancel),
    /// The stay may be over.
    StayEnded,
    /// The provider says the link is dead.
    VoidConfirmed,
    /// The provider says the refund is done.
    RefundConfirmed(RefundId),
    /// An operator decides about a payment in review.
    Reviewed(Reviewed),
    /// The job that gives invoices and credit notes their numbers.
    NumberPapers,
}

/// A captured payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The provider's name for it: two captures have two.
    pub provider_reference: String,
    /// How much was taken.
    pub amount: Money,
}

/// The provider's answer about the booking's payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderSaid {
    /// Captured.
    Paid(Capture),
    /// Not captured.
    Unpaid,
    /// No answer in time, or no free slot to ask.
    NoAnswer,
}

/// A cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancel {
    /// Who does it, for the history.
    pub actor: Actor,
    /// On which side they stand, which decides about the penalty.
    pub by: CancelledBy,
    /// The most that the caller accepts to pay.
    pub accepted_penalty: Option<Money>,
    /// A word with it.
    pub note: Option<Text<0, 200>>,
}

/// Who cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelledBy {
    /// The traveller: pays the penalty.
    Traveller,
    /// The hotel or an operator: no penalty.
    Hotel,
}

/// An operator's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// Who decides, for the history.
    pub actor: Actor,
    /// About which payment.
    pub payment_id: PaymentId,
    /// What.
    pub review: Review,
}

/// What an operator decides about a payment in review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Review {
    /// It pays for the booking after all.
    Book,
    /// It goes back.
    Refund,
}

impl Command {
    /// Whether it may take or give back rooms, in some status.
    pub const fn may_move_rooms(&self) -> bool {
        match self {
            Self::PaymentSucceeded(_)
            | Self::CheckoutEnded
            | Self::ProviderSaid(_)
            | Self::Cancel(_)
            | Self::Reviewed(_) => true,
            Self::HoldDue
            | Self::StayEnded
            | Self::VoidConfirmed
            | Self::RefundConfirmed(_)
            | Self::NumberPapers => false,
        }
    }

    /// Whether it needs to know the last numbers given.
    pub const fn needs_series(&self) -> bool {
        matches!(self, Self::NumberPapers)
    }

    /// Who does it.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Cancel(Cancel { actor, .. }) | Self::Reviewed(Reviewed { actor, .. }) => actor.clone(),
            Self::PaymentSucceeded(_)
            | Self::CheckoutEnded
            | Self::ProviderSaid(ProviderSaid::Paid(_))
            | Self::VoidConfirmed
            | Self::RefundConfirmed(_) => Actor::provider(),
            Self::HoldDue
            | Self::ProviderSaid(ProviderSaid::Unpaid | ProviderSaid::NoAnswer)
            | Self::StayEnded
            | Self::NumberPapers => Actor::system(),
        }
    }
}

impl CancelledBy {
    /// As `status_reason`.
    pub const fn reason(self) -> StatusReason {
        match self {
            Self::Traveller => StatusReason::Traveller,
            Self::Hotel => StatusReason::Hotel,
        }
    }
}
