use ::domain::{Faults, RoomId};
use platform::api::{
    Answer, Code, Endpoint, Problem, Request,
    page::{Filters, PageQuery},
};

use super::on_rooms;
use crate::{
    api::{
        ports::Ports,
        views::{RoomList, RoomView},
    },
    store::Stretch,
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
    let page = query.read::<RoomId>(Filters::of(&("list_rooms", hotel.hotel_id)), Faults::new())?;
    let part = ports.rooms.list(hotel.hotel_id, Stretch::from(&page)).await?;
    Ok(Answer::json(200, &RoomList::from(part.page(&page, RoomView::from))))
}
