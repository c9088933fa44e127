//! `GET /v1/search/hotels/{hotel_id}`: a hotel as travellers see it.

mod view;

use ::domain::HotelId;
use platform::api::{Answer, Code, Endpoint, Problem, Request};

use self::view::HotelPage;
use crate::parts::Shared;

/// The most rooms of a page; `rooms_total` tells how many there are (details.md, Search text).
const MOST_ROOMS: u32 = 100;

pub(super) fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("get_hotel_page", handle)
        .summary("A hotel with its rooms, cheapest first.")
        .description("At most 100 rooms. 404 while no room of the hotel is on sale.")
        .tag("search")
        .public()
        .cached()
        .path_param::<HotelId>("hotel_id", "The hotel.")
        .answers::<HotelPage>(200, "The hotel.")
        .refuses(&[Code::Unavailable])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let hotel_id: HotelId = request.path("hotel_id")?;
    let (hotel, rooms) =
        futures::try_join!(shared.index.load_hotel(hotel_id), shared.index.rooms_of(hotel_id, MOST_ROOMS))?;
    let on_sale = hotel.document.hotel.filter(|hotel| hotel.is_active && rooms.total > 0);
    let hotel = on_sale.ok_or_else(Problem::not_found)?;
    Ok(Answer::json(200, &HotelPage::new(hotel, rooms)))
}
