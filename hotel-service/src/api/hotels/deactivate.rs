use platform::api::{Answer, Endpoint, Problem, Request};

use super::{change, on_one};
use crate::{domain::hotel::HotelFacts, parts::Shared};

pub(super) fn endpoint() -> Endpoint<Shared> {
    on_one(Endpoint::delete("deactivate_hotel", handle))
        .summary("Take a hotel off sale")
        .description("Sets `is_active` to false: sales stop, sold bookings stand. PATCH with `is_active` true revives it.")
        .if_match()
        .answers_empty(204, "The hotel is off sale.")
        .etag()
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let current = shared.owned_hotel(&request).await?;
    request.if_match()?.check(current.version)?;
    let facts = HotelFacts { is_active: false, ..current.facts.clone() };
    let locality = shared.locality_of(facts.locality_id).await?;
    let changed = change(&shared, request.caller(), current, facts, &locality).await?;
    Ok(Answer::empty(204).etag(changed.version))
}
