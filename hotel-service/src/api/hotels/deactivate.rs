use platform::api::{Answer, Endpoint, Problem, Request};

use super::{change, on_one};
use crate::{api::ports::Ports, domain::hotel::HotelFacts};

pub(super) fn endpoint() -> Endpoint<Ports> {
    on_one(Endpoint::delete("deactivate_hotel", handle))
        .summary("Take a hotel off sale")
        .description("Sets `is_active` to false: sales stop, sold bookings stand. PATCH with `is_active` true revives it.")
        .if_match()
        .answers_empty(204, "The hotel is off sale.")
        .etag()
}

async fn handle(ports: Ports, request: Request) -> Result<Answer, Problem> {
    let current = ports.owned_hotel(&request).await?;
    request.if_match()?.check(current.version)?;
    let facts = HotelFacts { is_active: false, ..current.facts.clone() };
    let locality = ports.locality_of(facts.locality_id).await?;
    let changed = change(&ports, request.caller(), current, facts, &locality).await?;
    Ok(Answer::empty(204).etag(changed.version))
}
