//! `POST /v1/payments/{payment_id}/void`

use domain::PaymentId;
use platform::api::{Answer, Endpoint, Problem, Request};

use super::{SandboxPayment, asked};
use crate::{domain::checkout, parts::Shared};

pub(in crate::api) fn endpoint() -> Endpoint<Shared> {
    Endpoint::post("void_sandbox_payment", handle)
        .summary("Calls a payment off")
        .description(
            "An unknown payment is voided too: its link is dead. One that is captured stays `captured`; one whose \
             capture is on its way stays `open`. May be repeated.",
        )
        .tag("payments")
        .keyed()
        .path_param::<PaymentId>("payment_id", "The merchant's name for the payment.")
        .answers::<SandboxPayment>(200, "The payment as it stands now.")
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let payment = asked(&shared, &request).await?;
    shared.store.decide(|book, ids, now| checkout::void(book, ids, payment, now)).await?;
    let view = shared.store.look(|book, _| SandboxPayment::of(book, payment)).await?;
    Ok(Answer::json(200, &view))
}
