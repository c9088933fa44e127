use ::domain::Faults;
use platform::api::{Answer, Endpoint, Problem, Request};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{for_operators, operate, shown};
use crate::{
    api::ports::Ports,
    domain::hotel::{Hotel, Reason},
};

/// Why a hotel is to be kept off sale.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SuspensionRequest {
    /// For its manager to read.
    #[schema(min_length = 1, max_length = 500, example = "The address does not exist.")]
    reason: String,
}

pub(super) fn suspend() -> Endpoint<Ports> {
    for_operators(Endpoint::put("suspend_hotel", put))
        .summary("Suspend a hotel")
        .description(
            "Hides the hotel and stops its sales, whatever `is_active` says; sold bookings stand. Only an operator \
             lifts it.",
        )
        .body::<SuspensionRequest>()
}

pub(super) fn reinstate() -> Endpoint<Ports> {
    for_operators(Endpoint::delete("reinstate_hotel", delete))
        .summary("Lift a hotel's suspension")
        .description("From then on `is_active` counts again.")
}

async fn put(ports: Ports, request: Request) -> Result<Answer, Problem> {
    let body: SuspensionRequest = request.json()?;
    let mut faults = Faults::default();
    let reason = faults.take("#/reason", Reason::parse(&body.reason)).ok_or(faults)?;
    let by = request.caller().user_id;
    operate(&ports, &request, |hotel, hand| hotel.suspend(reason, by, hand)).await.map(shown)
}

async fn delete(ports: Ports, request: Request) -> Result<Answer, Problem> {
    operate(&ports, &request, Hotel::reinstate).await.map(shown)
}
