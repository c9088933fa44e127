//! The payment provider as this service needs it: ask, void, refund. Each may be repeated without harm.

pub mod http;

use async_trait::async_trait;
use booking_core::Capture;
use domain::{Money, PaymentId, RefundId};
use serde::Serialize;

/// What the provider says about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentState {
    /// The session goes on: it may still be paid.
    Open,
    /// The money is there.
    Captured(Captured),
    /// The session ended unpaid.
    Ended,
    /// Voided: its link is dead.
    Voided,
    /// The provider has never heard of it.
    Unknown,
}

/// Money that the provider holds for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// How much.
    pub amount: Money,
    /// The provider's name for the payment.
    pub provider_reference: Option<String>,
}

impl Captured {
    /// As the core knows it; a provider that names no capture makes one per payment.
    pub fn capture(self, payment: PaymentId) -> Capture {
        let provider_reference = self.provider_reference.unwrap_or_else(|| payment.to_string());
        Capture { provider_reference, amount: self.amount }
    }
}

/// Money to be given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefundOrder {
    /// What the provider is to know it by.
    pub refund_id: RefundId,
    /// Our name for the payment that the traveller was asked for.
    pub payment_id: PaymentId,
    /// The provider's name for the capture: of a payment captured twice, which one goes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_reference: Option<String>,
    /// How much.
    pub amount: Money,
}

/// Where a refund stands at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundState {
    /// Accepted, not yet carried out.
    Pending,
    /// The money is on its way back.
    Succeeded,
    /// Refused: an operator must look.
    Failed,
    /// The provider has never heard of it: send it.
    Unknown,
}

/// The provider did not give an answer that can be used: nothing is known.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// As many calls as may be are under way (settings, `provider.max_calls`).
    #[error("too many calls to the payment provider are under way")]
    Busy,
    /// Not reached, or not in time.
    #[error("the payment provider does not answer")]
    Unreachable(#[source] reqwest::Error),
    /// It answered what we cannot read.
    #[error("the payment provider answered {status}, which means nothing to us")]
    Unreadable {
        /// The HTTP status.
        status: u16,
        /// Why the body could not be read, if it should have been.
        #[source]
        source: Option<reqwest::Error>,
    },
}

/// The payment provider.
#[async_trait]
pub trait PaymentProvider: Send + Sync {
    /// Where the payment stands.
    async fn payment(&self, payment: PaymentId) -> Result<PaymentState, NoAnswer>;
    /// Makes sure that the payment can never be paid; an unknown one is voided too. Answers where it stands then:
    /// `Captured` if the money was faster.
    async fn void(&self, payment: PaymentId) -> Result<PaymentState, NoAnswer>;
    /// Gives money back. Its id is the idempotency key: sending it twice pays once.
    async fn refund(&self, refund: &RefundOrder) -> Result<RefundState, NoAnswer>;
    /// Where a refund stands.
    async fn refund_state(&self, refund: RefundId) -> Result<RefundState, NoAnswer>;
}
