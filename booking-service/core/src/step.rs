//! What the table of domain.md answers to a command.

use domain::{
    CreditNoteId, EventId, Instant, InvoiceId, Money, PaymentId, RefundId, VoidId,
    booking::BookingRecord,
    event::{BookingHappening, InvoiceFacts, RefundFacts},
};

use crate::{
    invoice::SeriesStep,
    money_moves::{CreditNote, Invoice, Payment, Refund, Void, VoidStatus},
};

/// What a command leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing changes.
    Quiet(Quiet),
    /// Ask the provider about the payment and come back with [`Command::ProviderSaid`](crate::command::Command::ProviderSaid).
    AskProvider(AskProvider),
    /// Write this.
    Change(Box<Change>),
}

/// Why nothing changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quiet {
    /// Heard before.
    Duplicate,
    /// Kept as a payment event, without effect on the booking.
    Recorded,
    /// The table says so.
    Ignored,
    /// Too early; come back at that moment, or later if none is told.
    NotYet(Option<Instant>),
    /// Cancelled before: the same result again.
    AlreadyCancelled(Cancellation),
}

/// The effect of a hold that is about to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskProvider {
    /// The payment to ask about.
    pub payment_id: PaymentId,
    /// How long the answer is waited for; after that it is [`ProviderSaid::NoAnswer`](crate::command::ProviderSaid::NoAnswer).
    pub until: Instant,
}

/// What a command changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// The transition with its one event; none if only money rows change.
    pub transition: Option<Transition>,
    /// What the rooms do.
    pub rooms: RoomsMove,
    /// Payment rows as they shall be.
    pub payments: Vec<Payment>,
    /// New refunds.
    pub refunds: Vec<Refund>,
    /// Refunds that the provider has confirmed.
    pub refunds_confirmed: Vec<RefundId>,
    /// New voids.
    pub voids: Vec<Void>,
    /// Voids that are settled, and how.
    pub voids_settled: Vec<(VoidId, VoidStatus)>,
    /// The invoice issued.
    pub invoice: Option<Invoice>,
    /// The credit note issued.
    pub credit_note: Option<CreditNote>,
    /// Numbers given.
    pub numbered: Vec<SeriesStep>,
    /// What a cancellation costs and gives back.
    pub cancellation: Option<Cancellation>,
}

/// A transition of the booking, or another event that raises its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The booking after it.
    pub after: BookingRecord,
    /// What happened.
    pub happening: BookingHappening,
    /// Money that goes or went back with it.
    pub refund: Option<RefundFacts>,
    /// The papers numbered.
    pub invoice: Option<InvoiceFacts>,
}

/// What a cancellation costs and gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancellation {
    /// What is kept.
    pub penalty: Money,
    /// What goes back.
    pub refund: Money,
}

/// What the rooms of a booking do in a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RoomsMove {
    /// They stay.
    #[default]
    Stay,
    /// They become free, from the hotel's today on.
    GiveBack,
    /// They are taken again.
    Take,
}

/// Ids for whatever a command may make, made by the caller once, so that a second run makes the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransitionIds {
    /// The event.
    pub event_id: EventId,
    /// The invoice of a booking that becomes BOOKED.
    pub invoice_id: InvoiceId,
    /// A refund.
    pub refund_id: RefundId,
    /// The refund's credit note.
    pub credit_note_id: CreditNoteId,
    /// A void.
    pub void_id: VoidId,
    /// The row of a payment that is not the booking's own.
    pub other_payment_id: PaymentId,
}

impl Change {
    /// Only this transition.
    pub(crate) fn of(after: BookingRecord, happening: BookingHappening) -> Self {
        let transition = Transition { after, happening, refund: None, invoice: None };
        Self { transition: Some(transition), ..Self::default() }
    }

    /// As a step.
    pub(crate) fn step(self) -> Step {
        Step::Change(Box::new(self))
    }
}
