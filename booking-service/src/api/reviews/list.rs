//! `GET /v1/payments/reviews`

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
    queries::review::{self, Reviewed},
};

/// A payment of another amount than asked.
#[derive(Serialize, ToSchema)]
pub struct PaymentInReview {
    payment_id: PaymentId,
    booking_id: BookingId,
    /// What was asked for.
    amount: Money,
    /// What the provider has taken.
    captured: Money,
    #[schema(required)]
    provider_reference: Option<String>,
    /// Since when.
    since: Instant,
}

/// A part of the list.
#[derive(Serialize, ToSchema)]
pub struct PaymentsInReviewPage {
    items: Vec<PaymentInReview>,
    /// Asks for the next page; null on the last.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// The operation.
pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("list_payments_in_review", handle)
        .summary("Payments that an operator must decide about")
        .tag("payments")
        .roles(&[Role::Operator])
        .query::<PageQuery>()
        .answers::<PaymentsInReviewPage>(200, "The longest waiting first.")
        .refuses(&[Code::InvalidPageToken])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let query: PageQuery = request.query()?;
    let page = query.read(Filters::of(&"payments_in_review"), Faults::new())?;
    let part = review::in_review(&shared.pool, page.after, page.size).await;
    let (rows, next) = part.map_err(Problem::unavailable)?;
    let items = rows.into_iter().map(show).collect();
    Ok(Answer::json(200, &PaymentsInReviewPage { items, next_page_token: page.token(next) }))
}

fn show(row: Reviewed) -> PaymentInReview {
    PaymentInReview {
        payment_id: row.payment_id,
        booking_id: row.booking_id,
        amount: row.amount,
        captured: row.captured,
        provider_reference: row.provider_reference,
        since: row.updated_at,
    }
}
