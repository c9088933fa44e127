use platform::api::{Answer, Endpoint, Problem, Request};

use super::{on_one, shown};
use crate::{api::views::RoomView, parts::Shared};

pub(super) fn endpoint() -> Endpoint<Shared> {
    on_one(Endpoint::get("get_room", handle))
        .summary("Read a room")
        .description("With its `ETag`, which changes of it need.")
        .answers::<RoomView>(200, "The room.")
        .etag()
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let hotel = shared.owned_hotel(&request).await?;
    shared.room_of(&hotel, &request).await.map(shown)
}
