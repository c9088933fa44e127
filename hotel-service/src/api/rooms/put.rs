use ::domain::RoomId;
use platform::api::{Answer, Code, Endpoint, Problem, Request};

use super::{change, location, on_one, shown};
use crate::{
    api::{
        bodies::{self, room::RoomWrite},
        views::RoomView,
    },
    domain::{hotel::Hotel, room::Room},
    parts::{Parts, Shared},
    published,
    store::{Created, Revision},
};

pub(super) fn endpoint() -> Endpoint<Shared> {
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

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let hotel = shared.owned_hotel(&request).await?;
    if request.if_none_match_any() {
        return create(&shared, &request, &hotel).await;
    }
    let precondition = request.if_match()?;
    let current = shared.room_of(&hotel, &request).await?;
    precondition.check(current.version)?;
    let (body, _) = bodies::object::<RoomWrite>(&request)?;
    let facts = shared.room_facts(&hotel, &body).await?;
    change(&shared, request.caller(), current, facts).await.map(shown)
}

async fn create(shared: &Parts, request: &Request, hotel: &Hotel) -> Result<Answer, Problem> {
    let room_id: RoomId = request.path("room_id")?;
    // Both at once demand that the room is there and is not: no version can match.
    if request.optional_if_match()?.is_some() {
        return Err(Problem::new(Code::StaleVersion));
    }
    let (body, _) = bodies::object::<RoomWrite>(request)?;
    let facts = shared.room_facts(hotel, &body).await?;
    let stamp = shared.stamp(request.caller()).await?;
    let (record, audit) = Room::create(hotel.hotel_id, room_id, facts, &stamp);
    let event = published::room_changed(&record, shared.envelope())?;
    let revision = Revision { record, audit, event };
    match shared.rooms.create(&revision, None, shared.rules.most_rooms).await? {
        Created::Done => {
            let answer = Answer::json(201, &RoomView::from(revision.record.clone()));
            Ok(answer.etag(revision.record.version).location(location(&revision.record)))
        }
        Created::Full => Err(Problem::new(Code::TooManyRooms)),
        Created::Taken | Created::KeyTaken => Err(taken(shared, hotel, room_id).await?),
    }
}

/// 412 if the room is there already, 409 if its id names a room of another hotel.
async fn taken(shared: &Parts, hotel: &Hotel, room_id: RoomId) -> Result<Problem, Problem> {
    let there = shared.rooms.find(room_id).await?;
    let ours = there.is_some_and(|room| room.hotel_id == hotel.hotel_id);
    Ok(Problem::new(if ours { Code::StaleVersion } else { Code::AlreadyExists }))
}
