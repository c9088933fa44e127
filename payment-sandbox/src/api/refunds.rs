//! Refunds.

pub(super) mod create;
pub(super) mod read;

use domain::{Instant, Money, PaymentId, RefundId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::entry::Refund;

/// A refund.
#[derive(Debug, Serialize, ToSchema)]
struct SandboxRefund {
    /// The merchant's name for it.
    refund_id: RefundId,
    /// Of which payment.
    payment_id: PaymentId,
    /// Of which capture of it, if one was named.
    #[schema(required, example = "cap_3f2a")]
    provider_reference: Option<String>,
    /// How much.
    amount: Money,
    /// Where it stands.
    status: SandboxRefundStatus,
    /// When it was made.
    created_at: Instant,
}

/// Where a refund stands: the sandbox carries it out at once, or refuses it where a script says so.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SandboxRefundStatus {
    /// The money is on its way back.
    Succeeded,
    /// No money goes back, now or later.
    Failed,
}

impl From<Refund> for SandboxRefund {
    fn from(refund: Refund) -> Self {
        let Refund { refund_id, payment_id, provider_reference, amount, at: created_at, refused } = refund;
        let status = if refused { SandboxRefundStatus::Failed } else { SandboxRefundStatus::Succeeded };
        Self { refund_id, payment_id, provider_reference, amount, status, created_at }
    }
}
