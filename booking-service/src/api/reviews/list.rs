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
#[schema(example = json!({ "captured": { "amount": 12344, "currency": "EUR" } }))]
pub struct PaymentInReview {
    /// Our name for the payment.
    payment_id: PaymentId,
    /// Whose it is.
    booking_id: BookingId,
    /// What was asked for.
    amount: Money,
    /// What the provider has taken.
    captured: Money,
    /// The provider's name for the capture.
    #[schema(required, example = "cap_3f2a")]
    provider_reference: Option<String>,
    /// Since when.
    since: Instant,
}

/// A part of the list.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "next_page_token": null }))]
pub struct PaymentInReviewPage {
    /// The longest waiting first.
    items: Vec<PaymentInReview>,
    /// Asks for the next page; null on the last.
    #[schema(required)]
    next_page_token: Option<String>,
}

pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("list_payments_in_review", handle)
        .summary("Payments that an operator must decide about")
        .description(
            "Another amount than asked was captured: the booking stays as it is until somebody books or refunds.",
        )
        .tag("payments")
        .roles(&[Role::Operator])
        .query::<PageQuery>()
        .answers::<PaymentInReviewPage>(200, "The longest waiting first.")
        .refuses(&[Code::InvalidPageToken])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let query: PageQuery = request.query()?;
    let page = query.read(Filters::of(&"payments_in_review"), Faults::new())?;
    let part = review::in_review(&shared.reads, page.after, page.size).await;
    let (rows, next) = part.map_err(Problem::unavailable)?;
    let items = rows.into_iter().map(show).collect();
    Ok(Answer::json(200, &PaymentInReviewPage { items, next_page_token: page.token(next) }))
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
