use platform::api::{Answer, Endpoint, Problem, Request};

use super::{change, on_one, shown};
use crate::{
    api::{bodies, ports::Ports, views::RoomView},
    domain::room::{RoomPatch, RoomWrite},
};

pub(super) fn endpoint() -> Endpoint<Ports> {
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

async fn handle(ports: Ports, request: Request) -> Result<Answer, Problem> {
    let hotel = ports.owned_hotel(&request).await?;
    let current = ports.room_of(&hotel, &request).await?;
    request.if_match()?.check(current.version)?;
    let body: RoomWrite = bodies::patched::<RoomPatch, _>(&request, current.document())?;
    let facts = ports.room_facts(&hotel, &body).await?;
    change(&ports, request.caller(), current, facts).await.map(shown)
}
