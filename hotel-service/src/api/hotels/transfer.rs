use platform::api::{Answer, Endpoint, Problem, Request};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{for_operators, operate, shown};
use crate::parts::Shared;

/// Whose the hotel is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OwnerRequest {
    /// An account; a manager without one has their user id.
    #[schema(example = "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e73")]
    owner_id: Uuid,
}

pub(super) fn endpoint() -> Endpoint<Shared> {
    for_operators(Endpoint::post("transfer_hotel", handle))
        .summary("Hand a hotel to another owner")
        .description(
            "The new owner manages it from then on, and the old one no longer sees it. Its bookings stand.",
        )
        .body::<OwnerRequest>()
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let body: OwnerRequest = request.json()?;
    operate(&shared, &request, |hotel, stamp| hotel.transfer(body.owner_id, stamp)).await.map(shown)
}
