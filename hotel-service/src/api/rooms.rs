//! `/v1/hotels/{hotel_id}/rooms` and the rooms in it.

mod amend;
mod create;
mod deactivate;
mod list;
mod put;
mod read;

use ::domain::{HotelId, RoomId};
use platform::{
    api::{Answer, Code, Endpoint, Problem, Routes},
    auth::Caller,
};

use super::{MANAGERS, views::RoomView};
use crate::{
    domain::room::{Room, RoomFacts},
    parts::{Parts, Shared},
    published,
    store::{Replaced, Revision},
};

pub(super) fn routes() -> Routes<Shared> {
    Routes::new().resource("/v1/hotels/{hotel_id}/rooms", [create::endpoint(), list::endpoint()]).resource(
        "/v1/hotels/{hotel_id}/rooms/{room_id}",
        [read::endpoint(), put::endpoint(), amend::endpoint(), deactivate::endpoint()],
    )
}

/// What all operations on a hotel's rooms say about themselves.
fn on_rooms(endpoint: Endpoint<Shared>) -> Endpoint<Shared> {
    endpoint
        .tag("rooms")
        .roles(MANAGERS)
        .path_param::<HotelId>("hotel_id", "The hotel, one of the caller's own.")
}

/// What all operations on one room say about themselves.
fn on_one(endpoint: Endpoint<Shared>) -> Endpoint<Shared> {
    on_rooms(endpoint).path_param::<RoomId>("room_id", "The room.")
}

/// Writes other facts over a room that was read; unchanged if nothing differs.
async fn change(shared: &Parts, caller: &Caller, current: Room, facts: RoomFacts) -> Result<Room, Problem> {
    let stamp = shared.stamp(caller).await?;
    let Some((record, audit)) = current.change(facts, &stamp) else { return Ok(current) };
    let event = published::room_changed(&record, shared.envelope())?;
    let revision = Revision { record, audit, event };
    match shared.rooms.replace(&revision).await? {
        Replaced::Done => Ok(revision.record),
        Replaced::Stale => Err(Problem::new(Code::StaleVersion)),
    }
}

fn shown(room: Room) -> Answer {
    let version = room.version;
    Answer::json(200, &RoomView::from(room)).etag(version)
}

fn location(room: &Room) -> String {
    format!("/v1/hotels/{}/rooms/{}", room.hotel_id, room.room_id)
}
