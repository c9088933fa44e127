//! `POST /v1/quotes`

use booking_core::{Quote as CoreQuote, Wanted, quote};
use chrono::NaiveDate;
use domain::{
    HotelId, Instant, RoomId,
    booking::Party,
    price::{CancellationPolicy, Price},
};
use platform::api::{Answer, Code, Endpoint, Problem, Request};
use serde::Serialize;
use utoipa::ToSchema;

use super::request::QuoteRequest;
use crate::{api::refusals, domain::quote_token, parts::Shared};

/// A priced stay. Booking with the token before it expires fixes the price.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the field's name in the API")]
pub struct Quote {
    /// The hotel.
    hotel_id: HotelId,
    /// The day of arrival, in the hotel's zone.
    #[schema(value_type = String, format = Date, example = "2026-12-24")]
    start_date: NaiveDate,
    /// The day of departure.
    #[schema(value_type = String, format = Date, example = "2026-12-26")]
    end_date: NaiveDate,
    /// The lines, in the order of the request.
    lines: Vec<StayLine>,
    /// How many nights.
    #[schema(minimum = 1, maximum = 30, example = 2)]
    nights: u16,
    /// Fixes the price in `POST /v1/bookings`. Opaque, at most 2 KiB.
    #[schema(max_length = 2048, example = "v1.bG9yZW0gaXBzdW0")]
    quote_token: String,
    /// Until when it does.
    expires_at: Instant,
    /// The price.
    price: Price,
    /// What leaving would cost.
    cancellation_policy: CancellationPolicy,
    /// How the price came to be, for support.
    #[schema(example = json!([]))]
    rule_trace: Vec<String>,
}

/// One line of a stay.
#[derive(Serialize, ToSchema)]
pub struct StayLine {
    /// The room.
    room_id: RoomId,
    /// How many units.
    #[schema(minimum = 1, maximum = 9)]
    quantity: u8,
    #[serde(flatten)]
    party: Party,
}

pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::post("create_quote", handle)
        .summary("Prices a stay")
        .description("Stores and holds nothing. The token fixes the price for 15 minutes.")
        .tag("quotes")
        .public()
        .body::<QuoteRequest>()
        .answers::<Quote>(200, "The quote.")
        .refuses(&[Code::SoldOut, Code::InvalidStay, Code::OccupancyExceeded, Code::Restricted])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let stay = request.json::<QuoteRequest>()?.parse()?;
    let place = shared.hotel_reads.place(stay.hotel_id()).await?;
    let snapshot = shared.bookings.look(&Wanted::stay(&stay)).await?;
    drop(place);
    let quote = quote(&snapshot, &stay, shared.bookings.rules()).map_err(refusals::problem)?;
    let token = quote_token::seal(&shared.settings.quotes.keys, &quote).map_err(Problem::internal)?;
    Ok(Answer::json(200, &view(quote, token)))
}

fn view(quote: CoreQuote, quote_token: String) -> Quote {
    let dates = quote.stay.dates();
    let line = |line: &booking_core::StayLine| StayLine {
        room_id: line.room_id,
        quantity: line.quantity,
        party: line.party.clone(),
    };
    Quote {
        hotel_id: quote.stay.hotel_id(),
        start_date: dates.start_date(),
        end_date: dates.end_date(),
        lines: quote.stay.lines().iter().map(line).collect(),
        nights: dates.night_count(),
        quote_token,
        expires_at: quote.expires_at,
        price: quote.price,
        cancellation_policy: quote.cancellation_policy,
        rule_trace: Vec::new(),
    }
}
