use platform::api::{Answer, Code, Endpoint, Problem, Request};

use crate::{
    api::{
        MANAGERS,
        bodies::{self, hotel::HotelWrite},
        idempotency::{Keyed, Reply},
        views::HotelView,
    },
    domain::hotel::Hotel,
    parts::Shared,
    published,
    store::{Created, Revision},
};

pub(super) fn endpoint() -> Endpoint<Shared> {
    Endpoint::post("create_hotel", handle)
        .summary("Create a hotel")
        .description("The hotel belongs to the caller's account, else to the caller.")
        .tag("hotels")
        .roles(MANAGERS)
        .idempotent()
        .body::<HotelWrite>()
        .answers::<HotelView>(201, "The hotel.")
        .etag()
        .refuses(&[Code::TooManyHotels])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let keyed = Keyed::read(&request)?;
    if let Some(answer) = keyed.replay(&shared).await? {
        return Ok(answer);
    }
    let (body, _) = bodies::object::<HotelWrite>(&request)?;
    let (facts, locality) = shared.hotel_facts(&body, None).await?;
    let stamp = shared.stamp(request.caller()).await?;
    let (record, audit) = Hotel::create(shared.new_hotel(request.caller()), facts, &locality, &stamp);
    let event = published::hotel_changed(&record, &locality, shared.envelope())?;
    let reply = reply(&record)?;
    let revision = Revision { record, audit, event };
    match shared.hotels.create(&revision, &keyed.keep(&reply, &shared), shared.rules.most_hotels).await? {
        Created::Done => Ok(reply.answer()),
        Created::Full => Err(Problem::new(Code::TooManyHotels)),
        Created::KeyTaken => keyed.answer_of_the_first(&shared).await,
        // An id of ours that is taken already is no fault of the caller: the same request may be sent again.
        Created::Taken => Err(Problem::new(Code::Unavailable).retry_after(1)),
    }
}

fn reply(hotel: &Hotel) -> Result<Reply, Problem> {
    let body = serde_json::to_vec(&HotelView::from(hotel.clone())).map_err(Problem::internal)?;
    Ok(Reply { location: format!("/v1/hotels/{}", hotel.hotel_id), version: hotel.version, body })
}
