use ::domain::RoomId;
use platform::api::{Answer, Code, Endpoint, Problem, Request, Violations, page::Filters};

use super::on_rooms;
use crate::api::{
    paging::PageQuery,
    ports::Ports,
    views::{RoomList, RoomView},
};

pub(super) fn endpoint() -> Endpoint<Ports> {
    on_rooms(Endpoint::get("list_rooms", handle))
        .summary("List a hotel's rooms")
        .description("By id, active or not.")
        .query::<PageQuery>()
        .answers::<RoomList>(200, "A page of rooms.")
        .refuses(&[Code::InvalidPageToken])
}

async fn handle(ports: Ports, request: Request) -> Result<Answer, Problem> {
    let hotel = ports.owned_hotel(&request).await?;
    let query: PageQuery = request.query()?;
    let asked = query.read::<RoomId>(Filters::of(&("list_rooms", hotel.hotel_id)), Violations::new())?;
    let read = ports.rooms.list(hotel.hotel_id, asked.stretch()).await?;
    let marked = read.into_iter().map(|room| (room.room_id, RoomView::from(room))).collect();
    Ok(Answer::json(200, &RoomList::from(asked.page(marked))))
}
