use ::domain::RoomId;
use platform::api::{Answer, Code, Endpoint, Problem, Request};

use super::{location, on_rooms};
use crate::{
    api::{
        bodies::{self, room::RoomWrite},
        idempotency::{Keyed, Reply},
        views::RoomView,
    },
    domain::room::Room,
    parts::Shared,
    published,
    store::{Created, Revision},
};

pub(super) fn endpoint() -> Endpoint<Shared> {
    on_rooms(Endpoint::post("create_room", handle))
        .summary("Create a room, with an id of ours")
        .description("The id is ours; `PUT` makes a room under an id of your own.")
        .idempotent()
        .body::<RoomWrite>()
        .answers::<RoomView>(201, "The room.")
        .etag()
        .refuses(&[Code::TooManyRooms])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let hotel = shared.owned_hotel(&request).await?;
    let keyed = Keyed::read(&request)?;
    if let Some(answer) = keyed.replay(&shared).await? {
        return Ok(answer);
    }
    let (body, _) = bodies::object::<RoomWrite>(&request)?;
    let facts = shared.room_facts(&hotel, &body).await?;
    let stamp = shared.stamp(request.caller()).await?;
    let room_id = RoomId::from_uuid(shared.ids.uuid());
    let (record, audit) = Room::create(hotel.hotel_id, room_id, facts, &stamp);
    let event = published::room_changed(&record, shared.envelope())?;
    let reply = reply(&record)?;
    let revision = Revision { record, audit, event };
    match shared.rooms.create(&revision, Some(&keyed.keep(&reply, &shared)), shared.rules.most_rooms).await? {
        Created::Done => Ok(reply.answer()),
        Created::Full => Err(Problem::new(Code::TooManyRooms)),
        Created::KeyTaken => keyed.answer_of_the_first(&shared).await,
        // An id of ours that is taken already is no fault of the caller: the same request may be sent again.
        Created::Taken => Err(Problem::new(Code::Unavailable).retry_after(1)),
    }
}

fn reply(room: &Room) -> Result<Reply, Problem> {
    let body = serde_json::to_vec(&RoomView::from(room.clone())).map_err(Problem::internal)?;
    Ok(Reply { location: location(room), version: room.version, body })
}
