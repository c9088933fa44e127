use platform::api::{Answer, Endpoint, Problem, Request};

use super::{change, on_one};
use crate::{domain::room::RoomFacts, parts::Shared};

pub(super) fn endpoint() -> Endpoint<Shared> {
    on_one(Endpoint::delete("deactivate_room", handle))
        .summary("Take a room off sale")
        .description("Sets `is_active` to false: sales stop, sold bookings stand. PATCH with `is_active` true revives it.")
        .if_match()
        .answers_empty(204, "The room is off sale.")
        .etag()
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let hotel = shared.owned_hotel(&request).await?;
    let current = shared.room_of(&hotel, &request).await?;
    request.if_match()?.check(current.version)?;
    let facts = RoomFacts { is_active: false, ..current.facts.clone() };
    let changed = change(&shared, request.caller(), current, facts).await?;
    Ok(Answer::empty(204).etag(changed.version))
}
