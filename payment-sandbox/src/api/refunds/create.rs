//! `POST /v1/refunds`

use domain::{Money, PaymentId, RefundId};
use platform::api::{Answer, Code, Endpoint, FieldError, Problem, Request};
use serde::Deserialize;
use utoipa::ToSchema;

use super::SandboxRefund;
use crate::{
    api::key,
    domain::refund::{self, Refused, Wanted},
    parts::Shared,
};

/// Money to give back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SandboxRefundWrite {
    /// The merchant's name for it: a repeat pays once.
    refund_id: RefundId,
    /// Of which payment.
    payment_id: PaymentId,
    /// Of which capture of it: needed where a payment was captured twice.
    #[serde(default)]
    #[schema(max_length = 128, example = "cap_3f2a")]
    provider_reference: Option<String>,
    /// How much; the sum of all is at most what was captured.
    amount: Money,
}

pub(in crate::api) fn endpoint() -> Endpoint<Shared> {
    Endpoint::post("create_sandbox_refund", handle)
        .summary("Gives money back")
        .description("The same refund sent again is the same answer.")
        .tag("refunds")
        .keyed()
        .idempotent()
        .body::<SandboxRefundWrite>()
        .answers::<SandboxRefund>(201, "Done, or refused by a script.")
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    key::demand(&shared, &request)?;
    let SandboxRefundWrite { refund_id, payment_id, provider_reference, amount } = request.json()?;
    let key = request.idempotency_key()?.to_owned();
    let wanted = Wanted { refund_id, payment_id, provider_reference, amount, key };
    let decided = shared.store.decide(|book, ids, now| refund::refund(book, ids, &wanted, now)).await?;
    let done = decided.map_err(problem)?;
    let answer =
        Answer::json(201, &SandboxRefund::from(done.refund)).location(format!("/v1/refunds/{refund_id}"));
    Ok(if done.is_repeat { answer.replayed() } else { answer })
}

fn problem(refused: Refused) -> Problem {
    let field = |pointer, code, says| {
        Problem::new(Code::InvalidField).errors(vec![FieldError::pointer(pointer, code, says)])
    };
    match refused {
        Refused::Reused => Problem::new(Code::IdempotencyKeyReused),
        Refused::NotCaptured => field("#/payment_id", "not_captured", "Nothing was captured."),
        Refused::Amount => {
            field("#/amount", "out_of_range", "Above zero, in the payment's currency, at most what is left.")
        }
    }
}
