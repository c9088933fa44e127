//! Refunds that an operator must look at.

pub mod list;
pub mod retry;

use domain::{BookingId, Instant, Money, PaymentId, RefundId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::queries::refunds::Standing;

/// Money that goes back.
#[derive(Serialize, ToSchema)]
pub struct OperatorsRefund {
    refund_id: RefundId,
    /// What the provider knows it by: `refund_id`, until one that was refused gets another name.
    provider_refund_id: RefundId,
    payment_id: PaymentId,
    booking_id: BookingId,
    amount: Money,
    status: OperatorsRefundStatus,
    /// How often it was sent under this name.
    attempts: u32,
    /// What went wrong last.
    #[schema(required)]
    last_error: Option<String>,
    /// Since when it is owed.
    since: Instant,
}

/// Where a refund stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperatorsRefundStatus {
    /// It is sent until the provider confirms it.
    Owed,
    /// The provider refuses it: it is not sent until an operator retries it.
    Refused,
    /// The provider has confirmed it.
    Confirmed,
}

impl From<Standing> for OperatorsRefund {
    fn from(refund: Standing) -> Self {
        let status = match refund.status.as_str() {
            "succeeded" => OperatorsRefundStatus::Confirmed,
            "failed" => OperatorsRefundStatus::Refused,
            _ => OperatorsRefundStatus::Owed,
        };
        Self {
            refund_id: refund.refund_id,
            provider_refund_id: refund.provider_refund_id,
            payment_id: refund.payment_id,
            booking_id: refund.booking_id,
            amount: refund.amount,
            status,
            attempts: refund.attempts,
            last_error: refund.last_error,
            since: refund.since,
        }
    }
}
