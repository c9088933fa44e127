use ::domain::{Faults, RoomId};
use platform::api::{
    Answer, Code, Endpoint, Problem, Request,
    page::{Filters, PageQuery},
};

use super::on_rooms;
use crate::{
    api::views::{RoomList, RoomView},
    parts::Shared,
    store::Cursor,
};

pub(super) fn endpoint() -> Endpoint<Shared> {
    on_rooms(Endpoint::get("list_rooms", handle))
        .summary("List a hotel's rooms")
        .description("By id, active or not.")
        .query::<PageQuery>()
        .answers::<RoomList>(200, "A page of rooms.")
        .refuses(&[Code::InvalidPageToken])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let hotel = shared.owned_hotel(&request).await?;
    let query: PageQuery = request.query()?;
    let page = query.read::<RoomId>(Filters::of(&("list_rooms", hotel.hotel_id)), Faults::new())?;
    let part = shared.rooms.list(hotel.hotel_id, Cursor::from(&page)).await?;
    Ok(Answer::json(200, &RoomList::from(part.page(&page, RoomView::from))))
}
