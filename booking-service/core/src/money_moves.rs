//! The money side of a booking as stored: payments, refunds, voids, invoices, credit notes.

use domain::{
    BookingId, CreditNoteId, HotelId, Instant, InvoiceId, Money, PaymentId, RefundId, VoidId,
    booking::{PaymentStatus, StatusReason},
};

/// One payment: the booking's own, or another one that the provider captured for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Our name for it; the booking's own is its facts' `payment_id`.
    pub payment_id: PaymentId,
    /// The provider's name for the capture.
    pub provider_reference: Option<String>,
    /// Where it stands.
    pub status: PaymentStatus,
    /// What was asked for.
    pub amount: Money,
    /// What the provider has taken.
    pub captured: Money,
    /// What goes or went back; never above `captured`.
    pub refunded: Money,
}

/// Money that goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The refund.
    pub refund_id: RefundId,
    /// What the provider knows it by, also the idempotency key there: its id, until one that was refused gets another name.
    pub provider_refund_id: RefundId,
    /// The booking's own payment: the name that the provider knows.
    pub payment_id: PaymentId,
    /// The capture it gives back of.
    pub provider_reference: Option<String>,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: RefundReason,
    /// Where it stands.
    pub status: RefundStatus,
}

/// Why money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundReason {
    /// A paid booking was cancelled.
    Cancellation,
    /// The money came after the booking had ended.
    LatePayment,
    /// The booking was paid already.
    SecondPayment,
    /// An operator sent it back.
    Review,
}

impl RefundReason {
    /// Every value.
    pub const ALL: &'static [Self] =
        &[Self::Cancellation, Self::LatePayment, Self::SecondPayment, Self::Review];

    /// Its spelling in SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancellation => "cancellation",
            Self::LatePayment => "late_payment",
            Self::SecondPayment => "second_payment",
            Self::Review => "review",
        }
    }
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    /// To be sent, or sent and not confirmed.
    Owed,
    /// The provider has confirmed it.
    Confirmed,
}

/// A payment link that must be made dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Void {
    /// The void.
    pub void_id: VoidId,
    /// The payment whose link it is.
    pub payment_id: PaymentId,
    /// Why its booking ended.
    pub reason: StatusReason,
    /// Where it stands.
    pub status: VoidStatus,
}

/// Where a void stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoidStatus {
    /// To be sent, or sent and not confirmed.
    Owed,
    /// The link is dead.
    Confirmed,
    /// Too late: the money was captured.
    Captured,
}

/// An invoice, numbered in order by a job right after it was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// When the booking became BOOKED.
    pub issued_at: Instant,
    /// What it asks for.
    pub amount: Money,
    /// Its number, once given.
    pub number: Option<String>,
}

/// A credit note: takes back part of an invoice, with the refund of a cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNote {
    /// The credit note.
    pub credit_note_id: CreditNoteId,
    /// The invoice it takes back from.
    pub invoice_id: InvoiceId,
    /// The refund it goes with.
    pub refund_id: RefundId,
    /// When the booking was cancelled.
    pub issued_at: Instant,
    /// How much it takes back.
    pub amount: Money,
    /// Its number, once given.
    pub number: Option<String>,
}

/// What an event row of the provider says, kept as evidence (`payment_events`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentEvent {
    /// The provider's `webhook-id`, or a name of our own for what it answered: unique, at most 128 characters.
    pub webhook_id: String,
    /// Such as `payment.succeeded`.
    pub kind: String,
    /// Our payment, if it names one.
    pub payment_id: Option<PaymentId>,
    /// The booking, if it names one.
    pub booking_id: Option<BookingId>,
    /// The hotel of the booking that it was carried out on; of what changes nothing it is not looked up.
    pub hotel_id: Option<HotelId>,
    /// The refund, if it names one.
    pub refund_id: Option<RefundId>,
    /// The provider's name for the capture.
    pub provider_reference: Option<String>,
    /// How much.
    pub amount: Option<Money>,
    /// The provider's word for what failed.
    pub failure_code: Option<String>,
    /// When the provider says it happened.
    pub sent_at: Option<Instant>,
    /// What became of it, such as `booked`, `duplicate`, `unknown_booking`: at most 40 ASCII characters.
    pub outcome: &'static str,
    /// The body as it came, at most 64 KiB.
    pub body: Vec<u8>,
}

impl Payment {
    /// The booking's payment before any word of the provider.
    pub const fn pending(payment_id: PaymentId, amount: Money) -> Self {
        let nothing = Money::zero(amount.currency());
        let status = PaymentStatus::Pending;
        Self { payment_id, provider_reference: None, status, amount, captured: nothing, refunded: nothing }
    }

    /// Whether the provider has taken money for it.
    pub const fn is_captured(&self) -> bool {
        !self.captured.is_zero()
    }
}
