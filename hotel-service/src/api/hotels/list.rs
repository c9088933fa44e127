use ::domain::{Faults, HotelId};
use platform::{
    api::{
        Answer, Code, Endpoint, Problem, Request,
        page::{Filters, PageQuery},
    },
    auth::Role,
};

use crate::{
    api::{
        MANAGERS,
        views::{HotelList, HotelView},
    },
    parts::Shared,
    store::Cursor,
};

pub(super) fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("list_hotels", handle)
        .summary("List the caller's hotels")
        .description("By id. An operator sees everybody's.")
        .tag("hotels")
        .roles(MANAGERS)
        .query::<PageQuery>()
        .answers::<HotelList>(200, "A page of hotels.")
        .refuses(&[Code::InvalidPageToken])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let query: PageQuery = request.query()?;
    let caller = request.caller();
    let owner_id = (!caller.has(Role::Operator)).then(|| caller.owner_id());
    let page = query.read::<HotelId>(Filters::of(&("list_hotels", owner_id)), Faults::new())?;
    let part = shared.hotels.list(owner_id, Cursor::from(&page)).await?;
    Ok(Answer::json(200, &HotelList::from(part.page(&page, HotelView::from))))
}
