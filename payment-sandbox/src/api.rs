//! The HTTP API: the checkout page for travellers, `/v1` for the merchant.

pub mod checkout;
pub mod dev;
pub mod key;
pub mod payments;
pub mod refunds;
pub mod scripts;

use std::sync::Arc;

use platform::api::{Problem, Routes};

use crate::{domain::link::Links, journal::JournalError, page::Pages, settings::Settings, store::Store};

/// What handlers are given.
pub struct Sandbox {
    /// The book and its journal.
    pub store: Arc<Store>,
    /// Checks checkout links.
    pub links: Links,
    /// The pages.
    pub pages: Pages,
    /// The settings.
    pub settings: Settings,
}

/// What every handler gets.
pub type Shared = Arc<Sandbox>;

/// All operations.
pub fn routes() -> Routes<Shared> {
    Routes::new()
        .resource("/checkout/{payment_id}", [checkout::show::endpoint(), checkout::pay::endpoint()])
        .resource("/v1/payments/{payment_id}", [payments::read::endpoint()])
        .resource("/v1/payments/{payment_id}/void", [payments::void::endpoint()])
        .resource("/v1/refunds", [refunds::create::endpoint()])
        .resource("/v1/refunds/{refund_id}", [refunds::read::endpoint()])
        .resource("/v1/scripts/{payment_id}", [scripts::put::endpoint()])
        .resource("/dev/clock", [platform::api::dev_clock::endpoint("advance_sandbox_clock")])
}

/// Nothing is answered that is not on disk: without the journal the sandbox is unavailable.
impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        Self::unavailable(error)
    }
}
