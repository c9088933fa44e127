//! `GET /v1/payments/unmatched`

use domain::{BookingId, Faults, Instant, Money, PaymentId};
use platform::{
    api::{
        Answer, Code, Endpoint, Problem, Request,
        page::{Filters, PageQuery},
    },
    auth::Role,
    openapi::words,
};
use serde::Serialize;
use utoipa::{ToSchema, openapi::Object};

use crate::{
    domain::{callback, outcome},
    parts::Shared,
    queries::review::{self, Unmatched},
};

/// A callback that could not be carried out.
#[derive(Serialize, ToSchema)]
pub struct UnmatchedCallback {
    /// The provider's name for the message.
    #[schema(example = "msg_2f6a1c9d8e70")]
    webhook_id: String,
    /// The hash of its body. A dismissal names both: a provider may have used an id for several bodies.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    body_sha256: String,
    /// Its type, as the provider sent it.
    #[schema(schema_with = kinds)]
    kind: String,
    /// Why it could not.
    #[schema(schema_with = reasons)]
    reason: String,
    /// The payment it names.
    #[schema(required)]
    payment_id: Option<PaymentId>,
    /// The booking it names.
    #[schema(required)]
    booking_id: Option<BookingId>,
    /// The provider's name for the capture.
    #[schema(required, example = "cap_3f2a")]
    provider_reference: Option<String>,
    /// The amount it tells.
    #[schema(required)]
    amount: Option<Money>,
    /// When it came.
    received_at: Instant,
}

fn kinds() -> Object {
    words("Its type, as the provider sent it.", callback::KINDS)
}

fn reasons() -> Object {
    let says = "Why it could not: it names no booking of ours, its currency is unknown or its amount not above zero, it does \
                not say which payment or refund it is about, its booking is stored but cannot be read, or the rules say no.";
    let all = [
        outcome::UNKNOWN_BOOKING,
        outcome::UNREADABLE_AMOUNT,
        outcome::UNREADABLE,
        outcome::UNREADABLE_BOOKING,
        outcome::REFUSED,
    ];
    words(says, all)
}

/// A part of the list.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "next_page_token": null }))]
pub struct UnmatchedCallbackPage {
    /// The oldest first.
    items: Vec<UnmatchedCallback>,
    /// Asks for the next page; null on the last.
    #[schema(required)]
    next_page_token: Option<String>,
}

pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("list_unmatched_callbacks", handle)
        .summary("Callbacks of the provider that could not be carried out")
        .description("Well signed, and not carried out: each waits until an operator has settled it with the provider.")
        .tag("payments")
        .roles(&[Role::Operator])
        .query::<PageQuery>()
        .answers::<UnmatchedCallbackPage>(200, "The oldest first.")
        .refuses(&[Code::InvalidPageToken])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let query: PageQuery = request.query()?;
    let page = query.read(Filters::of(&"unmatched_callbacks"), Faults::new())?;
    let part = review::unmatched(&shared.reads, page.after.clone(), page.size).await;
    let (rows, next) = part.map_err(Problem::unavailable)?;
    let items = rows.into_iter().map(show).collect();
    Ok(Answer::json(200, &UnmatchedCallbackPage { items, next_page_token: page.token(next) }))
}

fn show(row: Unmatched) -> UnmatchedCallback {
    UnmatchedCallback {
        webhook_id: row.webhook_id,
        body_sha256: row.body_sha256,
        kind: row.kind,
        reason: row.outcome,
        payment_id: row.payment_id,
        booking_id: row.booking_id,
        provider_reference: row.provider_reference,
        amount: row.amount,
        received_at: row.received_at,
    }
}
