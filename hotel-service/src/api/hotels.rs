//! `/v1/hotels` and `/v1/hotels/{hotel_id}`.

mod amend;
mod create;
mod deactivate;
mod list;
mod read;
mod replace;
mod suspension;
mod transfer;

use ::domain::HotelId;
use platform::{
    api::{Answer, Code, Endpoint, Problem, Request, Routes},
    auth::Caller,
};

use super::{MANAGERS, OPERATORS, ports::Ports, views::HotelView};
use crate::{
    domain::{
        audit::Entry,
        hotel::{Hand, Hotel, HotelFacts},
        locality::Locality,
    },
    published,
    store::{Replaced, Write},
};

pub(super) fn routes() -> Routes<Ports> {
    Routes::new()
        .resource("/v1/hotels", [create::endpoint(), list::endpoint()])
        .resource(
            "/v1/hotels/{hotel_id}",
            [read::endpoint(), replace::endpoint(), amend::endpoint(), deactivate::endpoint()],
        )
        .resource("/v1/hotels/{hotel_id}/suspension", [suspension::suspend(), suspension::reinstate()])
        .resource("/v1/hotels/{hotel_id}/owner", [transfer::endpoint()])
}

/// What all operations on one hotel say about themselves.
fn on_one(endpoint: Endpoint<Ports>) -> Endpoint<Ports> {
    endpoint
        .tag("hotels")
        .roles(MANAGERS)
        .path_param::<HotelId>("hotel_id", "The hotel, one of the caller's own.")
}

/// What the operations say about themselves that only operators have.
fn for_operators(endpoint: Endpoint<Ports>) -> Endpoint<Ports> {
    let endpoint = endpoint.tag("hotels").roles(OPERATORS).path_param::<HotelId>("hotel_id", "Any hotel.");
    endpoint.if_match().answers::<HotelView>(200, "The hotel as it is now.").etag()
}

/// Writes other facts over a hotel that was read; unchanged if nothing differs.
async fn change(
    ports: &Ports,
    caller: &Caller,
    current: Hotel,
    facts: HotelFacts,
    locality: &Locality,
) -> Result<Hotel, Problem> {
    let hand = ports.hand(caller).await?;
    let Some((changed, audit)) = current.change(facts, locality, &hand)? else { return Ok(current) };
    write(ports, changed, audit, locality).await
}

/// Does to a hotel what only operators may; unchanged if it is so already.
async fn operate(
    ports: &Ports,
    request: &Request,
    deed: impl FnOnce(&Hotel, &Hand) -> Option<(Hotel, Entry)>,
) -> Result<Hotel, Problem> {
    let current = ports.owned_hotel(request).await?;
    request.if_match()?.check(current.version)?;
    let hand = ports.hand(request.caller()).await?;
    let Some((changed, audit)) = deed(&current, &hand) else { return Ok(current) };
    let locality = ports.locality_of(current.facts.locality_id).await?;
    write(ports, changed, audit, &locality).await
}

async fn write(ports: &Ports, record: Hotel, audit: Entry, locality: &Locality) -> Result<Hotel, Problem> {
    let event = published::hotel_changed(&record, locality, ports.envelope())?;
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
