//! The HTTP API: the checkout page for travellers, `/v1` for the merchant.

mod checkout;
mod dev_clock;
mod key;
mod payments;
mod refunds;
mod scripts;

use platform::api::{Problem, Routes};

use crate::{journal::JournalError, parts::Shared};

/// All operations.
pub fn routes() -> Routes<Shared> {
    Routes::new()
        .resource("/checkout/{payment_id}", [checkout::show::endpoint(), checkout::pay::endpoint()])
        .resource("/v1/payments/{payment_id}", [payments::read::endpoint()])
        .resource("/v1/payments/{payment_id}/void", [payments::void::endpoint()])
        .resource("/v1/refunds", [refunds::create::endpoint()])
        .resource("/v1/refunds/{refund_id}", [refunds::read::endpoint()])
        .resource("/v1/scripts/{payment_id}", [scripts::endpoint()])
        .resource("/dev/clock", [platform::api::dev_clock::endpoint("advance_sandbox_clock")])
}

/// Nothing is answered that is not on disk: without the journal the sandbox is unavailable.
impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        Self::unavailable(error)
    }
}
