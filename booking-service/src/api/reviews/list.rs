//! `GET /v1/payments/reviews`

use domain::{BookingId, Instant, Money, PaymentId};
use platform::{
    api::{
        Answer, Code, Endpoint, Problem, Request, Violations,
        page::{self, Filters, Token},
    },
    auth::Role,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    parts::Shared,
    queries::review::{self, Reviewed},
};

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageParameters {
    /// How many items a page has.
    #[param(minimum = 1, default = 20)]
    pub(super) page_size: Option<i64>,
    /// From the page before.
    pub(super) page_token: Option<String>,
}

/// A payment of another amount than parameters.
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
        .query::<PageParameters>()
        .answers::<PaymentsInReviewPage>(200, "The longest waiting first.")
        .refuses(&[Code::InvalidPageToken])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let parameters: PageParameters = request.query()?;
    let size = size(&parameters)?;
    let filters = Filters::of(&"payments_in_review");
    let after = Token::open_opt(parameters.page_token.as_deref(), filters)?;
    let part = review::in_review(&shared.pool, after, size).await;
    let (found, next) = part.map_err(Problem::unavailable)?;
    let next_page_token = next.map(|place| Token::seal(&place, filters));
    Ok(Answer::json(
        200,
        &PaymentsInReviewPage { items: found.into_iter().map(show).collect(), next_page_token },
    ))
}

/// The page's size, or what is wrong with it.
pub(super) fn size(parameters: &PageParameters) -> Result<u32, Problem> {
    let mut found = Violations::new();
    match found.take_parameter("page_size", page::size(parameters.page_size)) {
        Some(size) => Ok(size),
        None => Err(found.into()),
    }
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
