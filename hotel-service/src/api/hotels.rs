//! `/v1/hotels` and `/v1/hotels/{hotel_id}`.

mod amend;
mod create;
mod deactivate;
mod list;
mod read;
mod replace;

use ::domain::HotelId;
use platform::{
    api::{Answer, Code, Endpoint, Problem, Routes},
    auth::Caller,
};

use super::{MANAGERS, ports::Ports, views::HotelView};
use crate::{
    domain::{
        hotel::{Hotel, HotelFacts},
        locality::Locality,
    },
    published,
    store::{Replaced, Write},
};

pub(super) fn routes() -> Routes<Ports> {
    Routes::new().resource("/v1/hotels", [create::endpoint(), list::endpoint()]).resource(
        "/v1/hotels/{hotel_id}",
        [read::endpoint(), replace::endpoint(), amend::endpoint(), deactivate::endpoint()],
    )
}

/// What all operations on one hotel say about themselves.
fn on_one(endpoint: Endpoint<Ports>) -> Endpoint<Ports> {
    endpoint
        .tag("hotels")
        .roles(MANAGERS)
        .path_param::<HotelId>("hotel_id", "The hotel, one of the caller's own.")
}

/// Writes other facts over a hotel that was read; unchanged if nothing differs.
async fn change(
    ports: &Ports,
    caller: &Caller,
    current: Hotel,
    (facts, locality): (HotelFacts, Locality),
) -> Result<Hotel, Problem> {
    let hand = ports.hand(caller).await?;
    let Some((record, audit)) = current.change(facts, &locality, &hand)? else { return Ok(current) };
    let event = published::hotel_changed(&record, &locality, ports.envelope())?;
    let write = Write { record, audit, event };
    match ports.hotels.replace(&write).await? {
        Replaced::Done => Ok(write.record),
        Replaced::Stale => Err(Problem::new(Code::StaleVersion)),
    }
}

fn shown(hotel: Hotel) -> Answer {
    let version = hotel.version;
    Answer::json(200, &HotelView::from(hotel)).etag(version)
}
