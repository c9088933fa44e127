use platform::api::{Answer, Endpoint, Problem, Request};

use super::{change, on_one, shown};
use crate::{
    api::{
        bodies::{
            self,
            room::{RoomPatch, RoomWrite},
        },
        views::RoomView,
    },
    parts::Shared,
};

pub(super) fn endpoint() -> Endpoint<Shared> {
    on_one(Endpoint::patch("amend_room", handle))
        .summary("Change some fields of a room")
        .description("JSON Merge Patch (RFC 7396): fields left out stay. `is_active` true revives a room.")
        .if_match()
        .merge_patch::<RoomPatch>()
        .answers::<RoomView>(
            200,
            "The room as it is now; unchanged, with the same version, if nothing differs.",
        )
        .etag()
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let hotel = shared.owned_hotel(&request).await?;
    let current = shared.room_of(&hotel, &request).await?;
    request.if_match()?.check(current.version)?;
    let body: RoomWrite = bodies::patched::<RoomPatch, _>(&request, current.document())?;
    let facts = shared.room_facts(&hotel, &body).await?;
    change(&shared, request.caller(), current, facts).await.map(shown)
}
