//! What is written down. The journal holds nothing else; old entries must be read for ever.

use domain::{Instant, Money, PaymentId, RefundId};
use serde::{Deserialize, Serialize};

use super::{
    link::Session,
    message::Message,
    script::{ScriptStep, ScriptedApi, ScriptedRefunds},
};

/// Money taken from a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// How much.
    pub amount: Money,
    /// Our name for it.
    pub provider_reference: String,
    /// When it arrived, or will.
    pub at: Instant,
}

/// Money given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The merchant's name for it.
    pub refund_id: RefundId,
    /// Of which payment.
    pub payment_id: PaymentId,
    /// Of which capture of it, if the merchant named one.
    #[serde(default)]
    pub provider_reference: Option<String>,
    /// How much.
    pub amount: Money,
    /// When.
    pub at: Instant,
    /// Whether it was refused: no money went back.
    #[serde(default)]
    pub refused: bool,
}

/// One thing that was said or done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// A traveller opened the checkout page, or a script described the session.
    Seen {
        /// The payment.
        payment_id: PaymentId,
        /// What is to be paid.
        session: Session,
    },
    /// A test said what shall happen next.
    Scripted {
        /// The payment.
        payment_id: PaymentId,
        /// What is still to be played.
        steps: Vec<ScriptStep>,
        /// How the API answers about it.
        api: ScriptedApi,
        /// What becomes of its refunds.
        #[serde(default)]
        refunds: ScriptedRefunds,
    },
    /// A step of the script was played.
    StepsLeft {
        /// The payment.
        payment_id: PaymentId,
        /// What is still to be played.
        steps: Vec<ScriptStep>,
    },
    /// A capture is on its way and will arrive at `capture.at`.
    Arriving {
        /// The payment.
        payment_id: PaymentId,
        /// What will arrive.
        capture: Capture,
    },
    /// Money was captured.
    Captured {
        /// The payment.
        payment_id: PaymentId,
        /// How much, and under which reference.
        capture: Capture,
    },
    /// The session ended unpaid.
    Ended {
        /// The payment.
        payment_id: PaymentId,
        /// When.
        at: Instant,
    },
    /// The payment was voided: its link is dead.
    Voided {
        /// The payment.
        payment_id: PaymentId,
        /// When.
        at: Instant,
    },
    /// Money went back, or was refused to.
    Refunded {
        /// The refund.
        refund: Refund,
        /// The idempotency key it came with.
        key: String,
    },
    /// A callback waits to be delivered.
    Queued {
        /// The callback.
        message: Message,
    },
    /// A callback was taken by the merchant.
    Delivered {
        /// Its number in the order of queueing.
        number: u64,
    },
    /// A callback will not be tried again.
    GivenUp {
        /// Its number in the order of queueing.
        number: u64,
    },
    /// The development clock was moved.
    ClockMoved {
        /// How far it is ahead of real time, in microseconds.
        offset_us: i64,
    },
}
