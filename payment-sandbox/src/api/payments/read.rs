//! `GET /v1/payments/{payment_id}`

use domain::PaymentId;
use platform::api::{Answer, Endpoint, Problem, Request};

use super::{SandboxPayment, asked};
use crate::parts::Shared;

pub(in crate::api) fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("get_sandbox_payment", handle)
        .summary("Where a payment stands")
        .description("One that nobody has opened is `unknown`, not a 404.")
        .tag("payments")
        .keyed()
        .path_param::<PaymentId>("payment_id", "The merchant's name for the payment.")
        .answers::<SandboxPayment>(200, "The payment.")
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let payment = asked(&shared, &request).await?;
    let view = shared.store.look(|book, _| SandboxPayment::of(book, payment)).await?;
    Ok(Answer::json(200, &view))
}
