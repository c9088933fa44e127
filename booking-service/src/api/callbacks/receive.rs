//! `POST /v1/payments/callbacks`

use domain::Instant;
use platform::api::{Answer, Code, Endpoint, Problem, Request};

use crate::{
    domain::{
        callback,
        webhook::{self, NotBelieved, Signed},
    },
    parts::Shared,
    payments,
};

/// The longest callback in bytes (api.md, CALLBACK).
const LONGEST_BYTES: usize = 64 * 1024;

pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::post("receive_payment_callback", handle)
        .summary("The payment provider tells what happened")
        .description(
            "Signed as Standard Webhooks say (`webhook-id`, `webhook-timestamp`, `webhook-signature`). 204 means \
             recorded: new, duplicate, of an unknown type or booking, of another amount, or one that we cannot read.",
        )
        .tag("payments")
        .signed()
        .body::<PaymentCallback>()
        .body_limit(LONGEST_BYTES)
        .answers_empty(204, "Recorded.")
}

/// What the provider says. Unknown fields and types are fine.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the body; it is read leniently by domain::callback")]
pub struct PaymentCallback {
    /// What happened. One of: `payment.succeeded`, `payment.failed`, `payment.voided`, `refund.succeeded`, `refund.failed`;
    /// more may come: a type that we do not know yet is recorded.
    #[schema(example = "payment.succeeded", extensions(("x-extensible-enum" = json!(callback::KINDS))))]
    r#type: String,
    /// When it happened.
    timestamp: Option<domain::Instant>,
    /// What it is about.
    data: PaymentCallbackData,
}

/// What it is about.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the body; it is read leniently by domain::callback")]
#[schema(example = json!({ "refund_id": null, "amount": { "amount": 24690, "currency": "EUR" } }))]
pub struct PaymentCallbackData {
    /// Our name for the payment.
    payment_id: domain::PaymentId,
    /// The provider's name for the capture.
    #[schema(example = "cap_3f2a")]
    provider_reference: Option<String>,
    /// The booking.
    booking_id: Option<domain::BookingId>,
    /// How much: what was captured, or what went back.
    amount: Option<domain::Money>,
    /// Our name for the refund; of `refund.*`.
    refund_id: Option<domain::RefundId>,
    /// Why it failed; of `payment.failed` and `refund.failed`.
    #[schema(example = json!(null))]
    failure_code: Option<String>,
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let believed = believe(&shared, &request, shared.clock.real().await?);
    let webhook_id = believed.map_err(|why| Problem::new(Code::InvalidSignature).source(why))?;
    let body = request.body_bytes();
    let message = callback::parse(body);
    let outcome = payments::heard(&shared, &webhook_id, &message, body).await?;
    metrics::counter!("booking_callbacks_total", "outcome" => outcome).increment(1);
    Ok(Answer::empty(204))
}

/// The message's id, if one of the provider's keys signed it in time. Real time counts, never the test clock's, and as
/// the database has it: one copy of us whose clock is off must not refuse what the others believe.
fn believe(shared: &Shared, request: &Request, now: Instant) -> Result<String, NotBelieved> {
    let header = |name| request.header(name).ok_or(NotBelieved::Headers);
    let signed = Signed {
        id: header("webhook-id")?,
        timestamp: header("webhook-timestamp")?,
        signature: header("webhook-signature")?,
    };
    let settings = &shared.settings.callbacks;
    webhook::verify(&settings.secrets, signed, request.body_bytes(), now, settings.tolerance_seconds)?;
    Ok(signed.id.to_owned())
}
