//! `POST /v1/payments/unmatched/dismissals`

use platform::{
    api::{Answer, Code, Endpoint, FieldError, Problem, Request},
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
    /// Of the same item: another body under its id is another message, and stays.
    #[schema(
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    body_sha256: String,
}

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
        .refuses(&[Code::InvalidField, Code::NotFound])
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let Dismissal { webhook_id, body_sha256 } = request.json()?;
    if !is_digest(&body_sha256) {
        let fault = FieldError::pointer("#/body_sha256", "malformed", "64 lower-case hexadecimal digits.");
        return Err(Problem::new(Code::InvalidField).errors(vec![fault]));
    }
    let listed =
        review::dismiss(&shared.reads, &webhook_id, &body_sha256).await.map_err(Problem::unavailable)?;
    if !listed {
        return Err(Problem::not_found());
    }
    let operator = request.caller().user_id;
    tracing::info!(webhook_id, %operator, "an operator has dismissed a callback");
    Ok(Answer::empty(204))
}
