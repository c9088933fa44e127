//! Scripted trouble: what shall happen to a payment, whatever card is used.

use domain::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::message::{CallbackKind, CallbackSignature};

/// How late a `late` capture is unless said otherwise: well after any hold has ended.
const LATE_MS: u64 = 600_000;

/// How long before the success the failure of `out_of_order` happened.
const EARLIER_MS: u64 = 60_000;

/// How the API answers about a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScriptedApi {
    /// Truthfully.
    #[default]
    Answers,
    /// 503, as a provider that is down.
    Unavailable,
}

/// What becomes of refunds of the payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScriptedRefunds {
    /// Carried out at once.
    #[default]
    Accepted,
    /// Refused for good: the same refund sent again stays refused, one of another name is another refund.
    Refused,
}

/// One thing that happens when the traveller pays. Steps up to the next `decline` are played together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum ScriptStep {
    /// The card is declined; the traveller may try again.
    Decline,
    /// Money is captured: at once, or `after_ms` later on the sandbox's clock (until then the payment stays open, also
    /// when a void is asked for).
    Capture {
        /// How much, if not what was asked for.
        #[serde(default)]
        amount: Option<Money>,
        /// So many minor units more than that (the other way if nothing were left).
        #[serde(default)]
        more: i64,
        /// How much later.
        #[serde(default)]
        after_ms: u64,
    },
    /// The session ends unpaid.
    End,
    /// The merchant is called.
    Callback {
        /// With what.
        kind: CallbackKind,
        /// With which amount, if not the captured one.
        #[serde(default)]
        amount: Option<Money>,
        /// How much later, on the sandbox's clock.
        #[serde(default)]
        after_ms: u64,
        /// How long before now it says that it happened.
        #[serde(default)]
        happened_ms_ago: u64,
        /// How it is signed.
        #[serde(default)]
        signature: CallbackSignature,
        /// How often the same message is delivered, 1 to 10.
        #[serde(default = "once")]
        times: u8,
    },
}

fn once() -> u8 {
    1
}

/// Scripts with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ScriptedOutcome)]
pub enum Outcome {
    /// Captured, and told.
    Succeed,
    /// The first try is declined, the second captured.
    DeclineThenSucceed,
    /// The session ends unpaid.
    Fail,
    /// Captured, and never told: the merchant must ask.
    NeverAnswer,
    /// Captured and told `delay_ms` later (10 minutes unless said otherwise); open until then.
    Late,
    /// Captured, and the same callback comes twice.
    Twice,
    /// Captured; an older failure is told after the success.
    OutOfOrder,
    /// One minor unit less than asked for is captured.
    WrongAmount,
    /// Captured; the callback is signed by somebody else.
    BadSignature,
    /// Captured; the callback comes as a replay of an hour ago.
    StaleSignature,
    /// Captured and told twice: two payments for one booking.
    PaidTwice,
}

impl Outcome {
    /// Its steps; `delay_ms` delays what is told (with `late`, also the capture).
    pub fn steps(self, delay_ms: Option<u64>) -> Vec<ScriptStep> {
        let later = delay_ms.unwrap_or(0);
        let capture = || ScriptStep::Capture { amount: None, more: 0, after_ms: 0 };
        let told = |kind| callback(kind, later, CallbackSignature::Good, 1);
        let success = || told(CallbackKind::PaymentSucceeded);
        match self {
            Self::Succeed => vec![capture(), success()],
            Self::DeclineThenSucceed => vec![ScriptStep::Decline, capture(), success()],
            Self::Fail => vec![ScriptStep::End, told(CallbackKind::PaymentFailed)],
            Self::NeverAnswer => vec![capture()],
            Self::Late => late(delay_ms.unwrap_or(LATE_MS)),
            Self::Twice => {
                vec![capture(), callback(CallbackKind::PaymentSucceeded, later, CallbackSignature::Good, 2)]
            }
            Self::OutOfOrder => vec![capture(), success(), earlier_failure(later)],
            Self::WrongAmount => vec![ScriptStep::Capture { amount: None, more: -1, after_ms: 0 }, success()],
            Self::BadSignature => {
                vec![capture(), callback(CallbackKind::PaymentSucceeded, later, CallbackSignature::Bad, 1)]
            }
            Self::StaleSignature => {
                vec![capture(), callback(CallbackKind::PaymentSucceeded, later, CallbackSignature::Stale, 1)]
            }
            Self::PaidTwice => vec![capture(), success(), capture(), success()],
        }
    }
}

fn callback(kind: CallbackKind, after_ms: u64, signature: CallbackSignature, times: u8) -> ScriptStep {
    ScriptStep::Callback { kind, amount: None, after_ms, happened_ms_ago: 0, signature, times }
}

fn late(after_ms: u64) -> Vec<ScriptStep> {
    let told = callback(CallbackKind::PaymentSucceeded, after_ms, CallbackSignature::Good, 1);
    vec![ScriptStep::Capture { amount: None, more: 0, after_ms }, told]
}

fn earlier_failure(after_ms: u64) -> ScriptStep {
    ScriptStep::Callback {
        kind: CallbackKind::PaymentFailed,
        amount: None,
        after_ms,
        happened_ms_ago: EARLIER_MS,
        signature: CallbackSignature::Good,
        times: 1,
    }
}
