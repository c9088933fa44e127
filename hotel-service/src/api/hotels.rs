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

use super::{MANAGERS, OPERATORS, views::HotelView};
use crate::{
    domain::{
        audit::Entry,
        hotel::{AuditStamp, Hotel, HotelFacts},
        locality::Locality,
    },
    parts::{Parts, Shared},
    published,
    store::{Replaced, Revision},
};

pub(super) fn routes() -> Routes<Shared> {
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
fn on_one(endpoint: Endpoint<Shared>) -> Endpoint<Shared> {
    endpoint
        .tag("hotels")
        .roles(MANAGERS)
        .path_param::<HotelId>("hotel_id", "The hotel, one of the caller's own.")
}

/// What the operations say about themselves that only operators have.
fn for_operators(endpoint: Endpoint<Shared>) -> Endpoint<Shared> {
    let endpoint = endpoint.tag("hotels").roles(OPERATORS).path_param::<HotelId>("hotel_id", "Any hotel.");
    endpoint.if_match().answers::<HotelView>(200, "The hotel as it is now.").etag()
}

/// Writes other facts over a hotel that was read; unchanged if nothing differs.
async fn change(
    shared: &Parts,
    caller: &Caller,
    current: Hotel,
    facts: HotelFacts,
    locality: &Locality,
) -> Result<Hotel, Problem> {
    let stamp = shared.stamp(caller).await?;
    let Some((changed, audit)) = current.change(facts, locality, &stamp)? else { return Ok(current) };
    write(shared, changed, audit, locality).await
}

/// Does to a hotel what only operators may; unchanged if it is so already.
async fn operate(
    shared: &Parts,
    request: &Request,
    deed: impl FnOnce(&Hotel, &AuditStamp) -> Option<(Hotel, Entry)>,
) -> Result<Hotel, Problem> {
    let current = shared.owned_hotel(request).await?;
    request.if_match()?.check(current.version)?;
    let stamp = shared.stamp(request.caller()).await?;
    let Some((changed, audit)) = deed(&current, &stamp) else { return Ok(current) };
    let locality = shared.locality_of(current.facts.locality_id).await?;
    write(shared, changed, audit, &locality).await
}

async fn write(shared: &Parts, record: Hotel, audit: Entry, locality: &Locality) -> Result<Hotel, Problem> {
    let event = published::hotel_changed(&record, locality, shared.envelope())?;
    let revision = Revision { record, audit, event };
    match shared.hotels.replace(&revision).await? {
        Replaced::Done => Ok(revision.record),
        Replaced::Stale => Err(Problem::new(Code::StaleVersion)),
    }
}

fn shown(hotel: Hotel) -> Answer {
    let version = hotel.version;
    Answer::json(200, &HotelView::from(hotel)).etag(version)
}
