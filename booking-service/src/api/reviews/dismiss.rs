//! `POST /v1/payments/unmatched/dismissals`

use platform::{
    api::{Answer, Endpoint, Problem, Request},
    auth::Role,
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{parts::Shared, queries::review};

/// A callback that an operator has settled with the provider.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dismissal {
    /// Of `GET /v1/payments/unmatched`.
    #[schema(min_length = 1, max_length = 128, example = "msg_2f6a1c9d8e70")]
    webhook_id: String,
}

/// The operation.
pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::post("dismiss_unmatched_callback", handle)
        .summary("Takes a callback from the list of those that wait for an operator")
        .description(
            "Changes nothing but the list: what it is about must be settled before. A repeat does nothing.",
        )
        .tag("payments")
        .roles(&[Role::Operator])
        .body::<Dismissal>()
        .answers_empty(204, "It is not listed any more.")
        .refuses(&[platform::api::Code::NotFound])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let Dismissal { webhook_id } = request.json()?;
    let listed = review::dismiss(&shared.pool, &webhook_id).await.map_err(Problem::unavailable)?;
    if !listed {
        return Err(Problem::not_found());
    }
    let operator = request.caller().user_id;
    tracing::info!(webhook_id, %operator, "an operator has dismissed a callback");
    Ok(Answer::empty(204))
}
