use platform::api::{Answer, Endpoint, Problem, Request};

use super::{on_one, shown};
use crate::api::{ports::Ports, views::RoomView};

pub(super) fn endpoint() -> Endpoint<Ports> {
    on_one(Endpoint::get("get_room", handle))
        .summary("Read a room")
        .description("With its `ETag`, which changes of it need.")
        .answers::<RoomView>(200, "The room.")
        .etag()
}

async fn handle(ports: Ports, request: Request) -> Result<Answer, Problem> {
    let hotel = ports.owned_hotel(&request).await?;
    ports.room_of(&hotel, &request).await.map(shown)
}
