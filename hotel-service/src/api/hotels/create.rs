use platform::api::{Answer, Code, Endpoint, Problem, Request};

use crate::{
    api::{
        MANAGERS, bodies,
        idempotency::{Keyed, Reply},
        ports::Ports,
        views::HotelView,
    },
    domain::hotel::{Hotel, HotelWrite},
    published,
    store::{Created, Write},
};

pub(super) fn endpoint() -> Endpoint<Ports> {
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

async fn handle(ports: Ports, request: Request) -> Result<Answer, Problem> {
    let keyed = Keyed::read(&request)?;
    if let Some(answer) = keyed.replay(&ports).await? {
        return Ok(answer);
    }
    let (body, _) = bodies::object::<HotelWrite>(&request)?;
    let (facts, locality) = ports.hotel_facts(&body, None).await?;
    let hand = ports.hand(request.caller()).await?;
    let (record, audit) = Hotel::create(ports.birth(request.caller()), facts, &locality, &hand);
    let event = published::hotel_changed(&record, &locality, ports.envelope())?;
    let reply = reply(&record)?;
    let write = Write { record, audit, event };
    match ports.hotels.create(&write, &keyed.keep(&reply, &ports), ports.rules.most_hotels).await? {
        Created::Done => Ok(reply.answer()),
        Created::Full => Err(Problem::new(Code::TooManyHotels)),
        Created::KeyTaken => keyed.answer_of_the_first(&ports).await,
        // An id of ours that is taken already is no fault of the caller: the same request may be sent again.
        Created::Taken => Err(Problem::new(Code::Unavailable).retry_after(1)),
    }
}

fn reply(hotel: &Hotel) -> Result<Reply, Problem> {
    let body = serde_json::to_vec(&HotelView::from(hotel.clone())).map_err(Problem::internal)?;
    Ok(Reply { location: format!("/v1/hotels/{}", hotel.hotel_id), version: hotel.version, body })
}
