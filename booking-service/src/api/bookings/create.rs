//! `POST /v1/bookings`

use booking_core::{Created, Digest, IdempotencyKey, PriceBasis, Request as BookRequest, Wanted};
use platform::{
    api::{Answer, Code, Endpoint, Problem, Request},
    auth::{Caller, Role},
};

use super::request::{BookingOrder, BookingRequest};
use crate::{
    api::refusals,
    domain::{fingerprint, quote_token},
    parts::Shared,
    view,
};

/// The operation.
pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::post("create_booking", handle)
        .summary("Books rooms: holds them and waits for the payment")
        .description(
            "The rooms are held until `hold_expires_at`; the traveller pays at `checkout.url`. The same Idempotency-Key \
             with the same request gives the same answer; a refusal leaves nothing behind.",
        )
        .tag("bookings")
        .roles(&[Role::Traveller, Role::Channel])
        .idempotent()
        .etag()
        .body::<BookingRequest>()
        .answers::<view::BookingView>(201, "The booking, RESERVED.")
        .refuses(&[
            Code::SoldOut,
            Code::PriceChanged,
            Code::QuoteExpired,
            Code::QuoteMismatch,
            Code::InvalidStay,
            Code::OccupancyExceeded,
            Code::Restricted,
            Code::ClientReferenceReused,
            Code::TooManyHolds,
        ])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let key = key(&request)?;
    let order = request.json::<BookingRequest>()?.parse(&shared.settings.checkout.return_hosts)?;
    let basis = basis(&shared, &order, key.scope).await?;
    let wish = wish(&shared, request.caller(), order, (key, basis));
    match shared.desk.book(&wish).await? {
        Created::New(record, _) => Ok(view::created(&shared, &record)),
        Created::Repeat(record) => Ok(view::created(&shared, &record).replayed()),
        Created::RepeatArchived(id) => {
            let archived = view::archived(&shared, id).await?;
            Ok(view::created(&shared, &archived).replayed())
        }
    }
}

/// What makes a repeat of this request a repeat.
fn key(request: &Request) -> Result<IdempotencyKey, Problem> {
    let name = request.idempotency_key()?;
    let scope = fingerprint::scope(request.caller().user_id, request.operation_id(), name);
    // The body was not read yet: what is not JSON is refused by the reader, with its own words.
    let hash = fingerprint::of_request(request.path_text(), request.body_bytes());
    let hash = hash.map_err(|error| Problem::new(Code::MalformedJson).source(error))?;
    Ok(IdempotencyKey { scope: Digest::new(scope), hash: Digest::new(hash) })
}

/// At which price. A token that does not open is a mismatch, unless the key has made a booking already: then the price
/// is not asked for any more.
async fn basis(shared: &Shared, order: &BookingOrder, scope: Digest) -> Result<PriceBasis, Problem> {
    let Some(token) = &order.details.quote_token else {
        return Ok(match order.details.expected {
            Some((total, max_increase_percent)) => PriceBasis::Expected { total, max_increase_percent },
            None => PriceBasis::Today,
        });
    };
    if let Some(quote) = quote_token::open(&shared.settings.quotes.keys, token) {
        return Ok(PriceBasis::Quote(Box::new(quote)));
    }
    let used = shared.desk.look(&Wanted::default().and_scope(scope)).await?.keys.contains_key(&scope);
    if used { Ok(PriceBasis::Today) } else { Err(refusals::quote_mismatch()) }
}

fn wish(
    shared: &Shared,
    caller: &Caller,
    order: BookingOrder,
    (key, basis): (IdempotencyKey, PriceBasis),
) -> BookRequest {
    let holds = &shared.settings.holds;
    let channel = caller.has(Role::Channel);
    let details = order.details;
    BookRequest {
        key,
        user_id: caller.user_id,
        stay: order.stay,
        basis,
        email_verified: caller.owns_address(details.booker.email.as_str()),
        booker: details.booker,
        language: details.language,
        special_requests: details.special_requests,
        client_reference: details.client_reference,
        return_url: details.return_url,
        holds_limit: if channel { holds.open_per_channel } else { holds.open_per_traveller },
    }
}
