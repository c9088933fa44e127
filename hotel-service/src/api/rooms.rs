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

use super::{MANAGERS, ports::Ports, views::RoomView};
use crate::{
    domain::room::{Room, RoomFacts},
    published,
    store::{Replaced, Write},
};

pub(super) fn routes() -> Routes<Ports> {
    Routes::new().resource("/v1/hotels/{hotel_id}/rooms", [create::endpoint(), list::endpoint()]).resource(
        "/v1/hotels/{hotel_id}/rooms/{room_id}",
        [read::endpoint(), put::endpoint(), amend::endpoint(), deactivate::endpoint()],
    )
}

/// What all operations on a hotel's rooms say about themselves.
fn on_rooms(endpoint: Endpoint<Ports>) -> Endpoint<Ports> {
    endpoint
        .tag("rooms")
        .roles(MANAGERS)
        .path_param::<HotelId>("hotel_id", "The hotel, one of the caller's own.")
}

/// What all operations on one room say about themselves.
fn on_one(endpoint: Endpoint<Ports>) -> Endpoint<Ports> {
    on_rooms(endpoint).path_param::<RoomId>("room_id", "The room.")
}

/// Writes other facts over a room that was read; unchanged if nothing differs.
async fn change(ports: &Ports, caller: &Caller, current: Room, facts: RoomFacts) -> Result<Room, Problem> {
    let hand = ports.hand(caller).await?;
    let Some((record, audit)) = current.change(facts, &hand) else { return Ok(current) };
    let event = published::room_changed(&record, ports.envelope())?;
    let write = Write { record, audit, event };
    match ports.rooms.replace(&write).await? {
        Replaced::Done => Ok(write.record),
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
