//! `/v1/facilities`.

use platform::api::{Answer, Endpoint, Problem, Request, Routes};
use serde::Serialize;
use utoipa::ToSchema;

use super::ports::Ports;
use crate::domain::catalogue::Facility;

pub(super) fn routes() -> Routes<Ports> {
    Routes::new().resource("/v1/facilities", [list()])
}

/// All facilities, by code.
#[derive(Debug, Serialize, ToSchema)]
struct FacilityList(Vec<Facility>);

fn list() -> Endpoint<Ports> {
    Endpoint::get("list_facilities", handle)
        .summary("List the facilities")
        .description("The codes that tag hotels and rooms; search takes the same as `tags`.")
        .tag("facilities")
        .public()
        .cached()
        .answers::<FacilityList>(200, "All facilities.")
}

async fn handle(ports: Ports, _request: Request) -> Result<Answer, Problem> {
    let catalogue = ports.facilities.all().await?;
    Ok(Answer::json(200, &FacilityList(catalogue.facilities().cloned().collect())))
}
