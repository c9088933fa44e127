use ::domain::Faults;
use platform::api::{Answer, Endpoint, Problem, Request};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{for_operators, operate, shown};
use crate::{
    domain::hotel::{Hotel, Reason},
    parts::Shared,
};

/// Why a hotel is to be kept off sale.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SuspensionRequest {
    /// For its manager to read.
    #[schema(min_length = 1, max_length = 500, example = "The address does not exist.")]
    reason: String,
}

pub(super) fn suspend() -> Endpoint<Shared> {
    for_operators(Endpoint::put("suspend_hotel", put))
        .summary("Suspend a hotel")
        .description(
            "Hides the hotel and stops its sales, whatever `is_active` says; sold bookings stand. Only an operator \
             lifts it.",
        )
        .body::<SuspensionRequest>()
}

pub(super) fn reinstate() -> Endpoint<Shared> {
    for_operators(Endpoint::delete("reinstate_hotel", delete))
        .summary("Lift a hotel's suspension")
        .description("From then on `is_active` counts again.")
}

async fn put(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let body: SuspensionRequest = request.json()?;
    let mut faults = Faults::default();
    let reason = faults.take("#/reason", Reason::parse(&body.reason)).ok_or(faults)?;
    let by = request.caller().user_id;
    operate(&shared, &request, |hotel, stamp| hotel.suspend(reason, by, stamp)).await.map(shown)
}

async fn delete(shared: Shared, request: Request) -> Result<Answer, Problem> {
    operate(&shared, &request, Hotel::reinstate).await.map(shown)
}
