//! `GET /v1/payments/{payment_id}`

use domain::PaymentId;
use platform::api::{Answer, Endpoint, Problem, Request};

use super::{SandboxPayment, asked};
use crate::api::Shared;

/// The operation.
pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("get_sandbox_payment", handle)
        .summary("Where a payment stands")
        .description("One that nobody has opened is `unknown`, not a 404.")
        .tag("payments")
        .keyed()
        .path_param::<PaymentId>("payment_id", "The merchant's name for the payment.")
        .answers::<SandboxPayment>(200, "The payment.")
}

async fn handle(sandbox: Shared, request: Request) -> Result<Answer, Problem> {
    let payment = asked(&sandbox, &request).await?;
    let view = sandbox.store.look(|book, _| SandboxPayment::of(book, payment)).await;
    Ok(Answer::json(200, &view))
}
