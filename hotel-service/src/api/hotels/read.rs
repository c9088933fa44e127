use platform::api::{Answer, Endpoint, Problem, Request};

use super::{on_one, shown};
use crate::api::{ports::Ports, views::HotelView};

pub(super) fn endpoint() -> Endpoint<Ports> {
    on_one(Endpoint::get("get_hotel", handle))
        .summary("Read a hotel")
        .description(
            "As its manager sees it, active or not. Travellers read `GET /v1/search/hotels/{hotel_id}`.",
        )
        .answers::<HotelView>(200, "The hotel.")
        .etag()
}

async fn handle(ports: Ports, request: Request) -> Result<Answer, Problem> {
    ports.owned_hotel(&request).await.map(shown)
}
