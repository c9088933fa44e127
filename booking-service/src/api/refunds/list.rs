//! `GET /v1/payments/refunds`

use domain::Faults;
use platform::{
    api::{
        Answer, Code, Endpoint, Problem, Request,
        page::{Filters, PageQuery},
    },
    auth::Role,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::OperatorsRefund;
use crate::{parts::Shared, queries::refunds};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Only those that the provider refuses.
    #[serde(default)]
    refused: bool,
    /// How many items: 20 if left out; more than 100 is taken as 100.
    #[param(value_type = Option<u32>, minimum = 1, nullable = false)]
    page_size: Option<i64>,
    /// `next_page_token` of the page before.
    #[param(nullable = false)]
    page_token: Option<String>,
}

/// A part of the list.
#[derive(Serialize, ToSchema)]
pub struct OperatorsRefundPage {
    /// The refunds, the longest owed first.
    items: Vec<OperatorsRefund>,
    /// Asks for the next page; null on the last.
    #[schema(required)]
    next_page_token: Option<String>,
}

pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("list_open_refunds", handle)
        .summary("Refunds that the provider has not confirmed")
        .description(
            "Those that are on their way and those that the provider refuses, which an operator may retry.",
        )
        .tag("payments")
        .roles(&[Role::Operator])
        .query::<Query>()
        .answers::<OperatorsRefundPage>(200, "The longest owed first.")
        .refuses(&[Code::InvalidPageToken])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let Query { refused, page_size, page_token } = request.query()?;
    let filters = Filters::of(&("open_refunds", refused));
    let page = PageQuery { page_size, page_token }.read(filters, Faults::new())?;
    let part = refunds::open(&shared.reads, refused, page.after, page.size).await;
    let (rows, next) = part.map_err(Problem::unavailable)?;
    let items = rows.into_iter().map(OperatorsRefund::from).collect();
    Ok(Answer::json(200, &OperatorsRefundPage { items, next_page_token: page.token(next) }))
}
