//! `GET /v1/payments/unmatched`

use domain::{BookingId, Instant, Money, PaymentId};
use platform::{
    api::{
        Answer, Code, Endpoint, Problem, Request,
        page::{Filters, Token},
    },
    auth::Role,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::list::{PageAsked, size};
use crate::{
    parts::Shared,
    payments::UNKNOWN_BOOKING,
    queries::review::{self, Unmatched},
};

/// A callback that names no booking of ours.
#[derive(Serialize, ToSchema)]
pub struct UnmatchedCallback {
    webhook_id: String,
    /// Its type.
    kind: String,
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
        .summary("Callbacks of the provider that name no booking of ours")
        .tag("payments")
        .roles(&[Role::Operator])
        .query::<PageAsked>()
        .answers::<UnmatchedCallbacksPage>(200, "The oldest first.")
        .refuses(&[Code::InvalidPageToken])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let asked: PageAsked = request.query()?;
    let size = size(&asked)?;
    let filters = Filters::of(&"unmatched_callbacks");
    let after: Option<(Instant, String)> = Token::open_opt(asked.page_token.as_deref(), filters)?;
    let mut found = review::unmatched(&shared.pool, UNKNOWN_BOOKING, after, size.saturating_add(1))
        .await
        .map_err(Problem::unavailable)?;
    let whole = usize::try_from(size).unwrap_or(usize::MAX);
    let more = found.len() > whole;
    found.truncate(whole);
    let last = found.last().filter(|_| more).map(|last| (last.received_at, last.webhook_id.clone()));
    let next_page_token = last.map(|place| Token::seal(&place, filters));
    Ok(Answer::json(
        200,
        &UnmatchedCallbacksPage { items: found.into_iter().map(show).collect(), next_page_token },
    ))
}

fn show(row: Unmatched) -> UnmatchedCallback {
    UnmatchedCallback {
        webhook_id: row.webhook_id,
        kind: row.kind,
        payment_id: row.payment_id,
        booking_id: row.booking_id,
        provider_reference: row.provider_reference,
        amount: row.amount,
        received_at: row.received_at,
    }
}
