use platform::api::{Answer, Code, Endpoint, Problem, Request};

use super::{change, on_one, shown};
use crate::{
    api::{
        bodies::{self, hotel::HotelWrite},
        views::HotelView,
    },
    parts::Shared,
};

pub(super) fn endpoint() -> Endpoint<Shared> {
    on_one(Endpoint::put("replace_hotel", handle))
        .summary("Replace a hotel")
        .description("All fields are written. `time_zone` and `currency` can never change.")
        .if_match()
        .body::<HotelWrite>()
        .answers::<HotelView>(
            200,
            "The hotel as it is now; unchanged, with the same version, if nothing differs.",
        )
        .etag()
        .refuses(&[Code::ImmutableField])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let current = shared.owned_hotel(&request).await?;
    request.if_match()?.check(current.version)?;
    let (body, _) = bodies::object::<HotelWrite>(&request)?;
    let (facts, locality) = shared.hotel_facts(&body, Some(&current)).await?;
    change(&shared, request.caller(), current, facts, &locality).await.map(shown)
}
