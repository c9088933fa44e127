use platform::api::{Answer, Code, Endpoint, Problem, Request};

use super::{change, on_one, shown};
use crate::{
    api::{
        bodies::{
            self,
            hotel::{HotelPatch, HotelWrite},
        },
        views::HotelView,
    },
    parts::Shared,
};

pub(super) fn endpoint() -> Endpoint<Shared> {
    on_one(Endpoint::patch("amend_hotel", handle))
        .summary("Change some fields of a hotel")
        .description(
            "JSON Merge Patch (RFC 7396): fields left out stay. `is_active` true revives a hotel. `time_zone` and \
             `currency` can never change.",
        )
        .if_match()
        .merge_patch::<HotelPatch>()
        .answers::<HotelView>(200, "The hotel as it is now; unchanged, with the same version, if nothing differs.")
        .etag()
        .refuses(&[Code::ImmutableField])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let current = shared.owned_hotel(&request).await?;
    request.if_match()?.check(current.version)?;
    let body: HotelWrite = bodies::patched::<HotelPatch, _>(&request, current.document())?;
    let (facts, locality) = shared.hotel_facts(&body, Some(&current)).await?;
    change(&shared, request.caller(), current, facts, &locality).await.map(shown)
}
