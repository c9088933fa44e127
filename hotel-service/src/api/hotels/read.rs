use platform::api::{Answer, Endpoint, Problem, Request};

use super::{on_one, shown};
use crate::{api::views::HotelView, parts::Shared};

pub(super) fn endpoint() -> Endpoint<Shared> {
    on_one(Endpoint::get("get_hotel", handle))
        .summary("Read a hotel")
        .description(
            "As its manager sees it, active or not. Travellers read `GET /v1/search/hotels/{hotel_id}`.",
        )
        .answers::<HotelView>(200, "The hotel.")
        .etag()
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    shared.owned_hotel(&request).await.map(shown)
}
