use ::domain::HotelId;
use platform::{
    api::{Answer, Code, Endpoint, Problem, Request, Violations, page::Filters},
    auth::Role,
};

use crate::api::{
    MANAGERS,
    paging::PageQuery,
    ports::Ports,
    views::{HotelList, HotelView},
};

pub(super) fn endpoint() -> Endpoint<Ports> {
    Endpoint::get("list_hotels", handle)
        .summary("List the caller's hotels")
        .description("By id. An operator sees everybody's.")
        .tag("hotels")
        .roles(MANAGERS)
        .query::<PageQuery>()
        .answers::<HotelList>(200, "A page of hotels.")
        .refuses(&[Code::InvalidPageToken])
}

async fn handle(ports: Ports, request: Request) -> Result<Answer, Problem> {
    let query: PageQuery = request.query()?;
    let caller = request.caller();
    let owner_id = (!caller.has(Role::Operator)).then(|| caller.owner_id());
    let asked = query.read::<HotelId>(Filters::of(&("list_hotels", owner_id)), Violations::new())?;
    let read = ports.hotels.list(owner_id, asked.stretch()).await?;
    let marked = read.into_iter().map(|hotel| (hotel.hotel_id, HotelView::from(hotel))).collect();
    Ok(Answer::json(200, &HotelList::from(asked.page(marked))))
}
