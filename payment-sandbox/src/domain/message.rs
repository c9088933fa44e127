//! Callbacks: what the merchant is told (api.md, CALLBACK).

use domain::{BookingId, Instant, Money, PaymentId, RefundId};
use platform::ids::Ids;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum CallbackKind {
    /// Money was captured.
    #[serde(rename = "payment.succeeded")]
    PaymentSucceeded,
    /// The session ended unpaid.
    #[serde(rename = "payment.failed")]
    PaymentFailed,
    /// The payment was voided.
    #[serde(rename = "payment.voided")]
    PaymentVoided,
    /// A refund was carried out.
    #[serde(rename = "refund.succeeded")]
    RefundSucceeded,
    /// A refund was refused.
    #[serde(rename = "refund.failed")]
    RefundFailed,
}

impl CallbackKind {
    const fn failure_code(self) -> Option<&'static str> {
        match self {
            Self::PaymentFailed => Some("session_ended"),
            Self::RefundFailed => Some("refund_refused"),
            Self::PaymentSucceeded | Self::PaymentVoided | Self::RefundSucceeded => None,
        }
    }
}

/// How a callback is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallbackSignature {
    /// As it should be.
    #[default]
    Good,
    /// By somebody who does not know the secret; sent once.
    Bad,
    /// Well, an hour ago: a replay; sent once.
    Stale,
}

/// A callback that waits to be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `webhook-id`, the same for each delivery.
    pub webhook_id: String,
    /// The payment: messages about one are delivered one after the other.
    pub payment_id: PaymentId,
    /// From when on it is sent, on the sandbox's clock.
    pub due_at: Instant,
    /// How it is signed.
    pub signature: CallbackSignature,
    /// The JSON that is sent and signed.
    pub body: String,
    /// The trace of the request that set it off; none for what time alone did.
    #[serde(default)]
    pub traceparent: Option<String>,
}

/// What a callback is about.
#[derive(Debug, Clone)]
pub struct About {
    pub payment_id: PaymentId,
    /// The booking it pays for.
    pub booking_id: Option<BookingId>,
    /// Our name for the capture.
    pub provider_reference: Option<String>,
    /// How much.
    pub amount: Option<Money>,
    pub refund_id: Option<RefundId>,
}

impl Message {
    /// A well signed callback that something happened at `at`, due at once.
    pub fn new(ids: &dyn Ids, kind: CallbackKind, at: Instant, about: &About) -> Self {
        let body = json!({
            "type": kind,
            "timestamp": at,
            "data": {
                "payment_id": about.payment_id,
                "provider_reference": about.provider_reference,
                "booking_id": about.booking_id,
                "amount": about.amount,
                "refund_id": about.refund_id,
                "failure_code": kind.failure_code(),
            },
        });
        Self {
            webhook_id: format!("msg_{}", ids.uuid().as_simple()),
            payment_id: about.payment_id,
            due_at: at,
            signature: CallbackSignature::Good,
            body: body.to_string(),
            traceparent: None,
        }
    }
}
