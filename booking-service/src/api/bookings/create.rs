//! `POST /v1/bookings`

use booking_core::{
    CancelledBy, Created, Digest, IdempotencyKey, PriceBasis, Request as BookRequest, Wanted,
    booking::as_created,
};
use platform::{
    api::{Answer, Code, Endpoint, Problem, Request},
    auth::{Caller, Role},
};

use super::request::{BookingOrder, BookingRequest};
use crate::{
    api::{access, key, refusals},
    domain::quote_token,
    parts::Shared,
    view,
};

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
    let key = key::of(&request)?;
    let order = request.json::<BookingRequest>()?.parse(&shared.settings.checkout.return_hosts)?;
    let basis = basis(&shared, &order, key.scope).await?;
    let draft = draft(&shared, request.caller(), order, PricedKey { key, basis });
    match shared.bookings.book(draft).await? {
        Created::New(record) => Ok(view::created(&record)),
        Created::Repeat(record) => Ok(view::created(&record).replayed()),
        Created::RepeatArchived(id) => {
            let archived = shared.bookings.archived(id).await?;
            Ok(view::created(&as_created(&archived)).replayed())
        }
    }
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
    let used = shared.bookings.look(&Wanted::default().and_scope(scope)).await?.keys.contains_key(&scope);
    if used { Ok(PriceBasis::Today) } else { Err(refusals::quote_mismatch()) }
}

/// A request's key and the price it asks for.
struct PricedKey {
    key: IdempotencyKey,
    basis: PriceBasis,
}

fn draft(shared: &Shared, caller: &Caller, order: BookingOrder, priced: PricedKey) -> BookRequest {
    let holds = &shared.settings.holds;
    let channel = caller.has(Role::Channel);
    let details = order.details;
    BookRequest {
        key: priced.key,
        user_id: caller.user_id,
        actor: access::actor(caller, CancelledBy::Traveller),
        stay: order.stay,
        basis: priced.basis,
        email_verified: caller.owns_address(details.booker.email.as_str()),
        booker: details.booker,
        language: details.language,
        special_requests: details.special_requests,
        client_reference: details.client_reference,
        return_url: details.return_url,
        holds_limit: if channel {
            holds.open_per_channel.unwrap_or(u32::MAX)
        } else {
            holds.open_per_traveller
        },
    }
}
