//! `GET /v1/payments/unmatched`

use domain::{BookingId, Faults, Instant, Money, PaymentId};
use platform::{
    api::{
        Answer, Code, Endpoint, Problem, Request,
        page::{Filters, PageQuery},
    },
    auth::Role,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    parts::Shared,
    queries::review::{self, Unmatched},
};

/// A callback that could not be carried out.
#[derive(Serialize, ToSchema)]
pub struct UnmatchedCallback {
    webhook_id: String,
    /// Its type.
    kind: String,
    /// Why it could not: `unknown_booking` (it names none of ours), `unreadable_amount` (a currency that we do not know,
    /// or not above zero), `unreadable` (not which payment or refund it is about), `unreadable_booking` (its booking is
    /// stored, but cannot be read), `refused` (the rules say no).
    reason: String,
    #[schema(required)]
    payment_id: Option<PaymentId>,
    #[schema(required)]
    booking_id: Option<BookingId>,
    #[schema(required)]
    provider_reference: Option<String>,
    #[schema(required)]
    amount: Option<Money>,
    received_at: Instant,
}

/// A part of the list.
#[derive(Serialize, ToSchema)]
pub struct UnmatchedCallbacksPage {
    items: Vec<UnmatchedCallback>,
    /// Asks for the next page; null on the last.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// The operation.
pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("list_unmatched_callbacks", handle)
        .summary("Callbacks of the provider that could not be carried out")
        .tag("payments")
        .roles(&[Role::Operator])
        .query::<PageQuery>()
        .answers::<UnmatchedCallbacksPage>(200, "The oldest first.")
        .refuses(&[Code::InvalidPageToken])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let query: PageQuery = request.query()?;
    let page = query.read(Filters::of(&"unmatched_callbacks"), Faults::new())?;
    let part = review::unmatched(&shared.pool, page.after.clone(), page.size).await;
    let (rows, next) = part.map_err(Problem::unavailable)?;
    let items = rows.into_iter().map(show).collect();
    Ok(Answer::json(200, &UnmatchedCallbacksPage { items, next_page_token: page.token(next) }))
}

fn show(row: Unmatched) -> UnmatchedCallback {
    UnmatchedCallback {
        webhook_id: row.webhook_id,
        kind: row.kind,
        reason: row.outcome,
        payment_id: row.payment_id,
        booking_id: row.booking_id,
        provider_reference: row.provider_reference,
        amount: row.amount,
        received_at: row.received_at,
    }
}
