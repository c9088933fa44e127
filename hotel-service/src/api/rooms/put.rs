use ::domain::RoomId;
use platform::api::{Answer, Code, Endpoint, Problem, Request};

use super::{change, location, on_one, shown};
use crate::{
    api::{bodies, ports::Ports, views::RoomView},
    domain::{
        hotel::Hotel,
        room::{Room, RoomWrite},
    },
    published,
    store::{Created, Write},
};

pub(super) fn endpoint() -> Endpoint<Ports> {
    on_one(Endpoint::put("put_room", handle))
        .summary("Create or replace a room under an id of yours")
        .description("`If-None-Match: *` creates, `If-Match` replaces; one of them is required.")
        .if_match()
        .if_none_match()
        .body::<RoomWrite>()
        .answers::<RoomView>(
            200,
            "The room as it is now; unchanged, with the same version, if nothing differs.",
        )
        .answers::<RoomView>(201, "The new room.")
        .etag()
        .refuses(&[Code::AlreadyExists, Code::TooManyRooms])
}

async fn handle(ports: Ports, request: Request) -> Result<Answer, Problem> {
    let hotel = ports.owned_hotel(&request).await?;
    if request.if_none_match_any() {
        return create(&ports, &request, &hotel).await;
    }
    let precondition = request.if_match()?;
    let current = ports.room_of(&hotel, &request).await?;
    precondition.check(current.version)?;
    let (body, _) = bodies::object::<RoomWrite>(&request)?;
    let facts = ports.room_facts(&hotel, &body).await?;
    change(&ports, request.caller(), current, facts).await.map(shown)
}

async fn create(ports: &Ports, request: &Request, hotel: &Hotel) -> Result<Answer, Problem> {
    let room_id: RoomId = request.path("room_id")?;
    // Both at once demand that the room is there and is not: no version can match.
    if request.optional_if_match()?.is_some() {
        return Err(Problem::new(Code::StaleVersion));
    }
    let (body, _) = bodies::object::<RoomWrite>(request)?;
    let facts = ports.room_facts(hotel, &body).await?;
    let hand = ports.hand(request.caller()).await?;
    let (record, audit) = Room::create(hotel.hotel_id, room_id, facts, &hand);
    let event = published::room_changed(&record, ports.envelope())?;
    let write = Write { record, audit, event };
    match ports.rooms.create(&write, None, ports.rules.most_rooms).await? {
        Created::Done => {
            let answer = Answer::json(201, &RoomView::from(write.record.clone()));
            Ok(answer.etag(write.record.version).location(location(&write.record)))
        }
        Created::Full => Err(Problem::new(Code::TooManyRooms)),
        Created::Taken | Created::KeyTaken => Err(taken(ports, hotel, room_id).await?),
    }
}

/// 412 if the room is there already, 409 if its id names a room of another hotel.
async fn taken(ports: &Ports, hotel: &Hotel, room_id: RoomId) -> Result<Problem, Problem> {
    let there = ports.rooms.find(room_id).await?;
    let ours = there.is_some_and(|room| room.hotel_id == hotel.hotel_id);
    Ok(Problem::new(if ours { Code::StaleVersion } else { Code::AlreadyExists }))
}
