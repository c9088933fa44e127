//! `GET /v1/hotels/{hotel_id}/offers`

use std::collections::BTreeSet;

use booking_core::{Offer, OfferQuery, OfferReason, OfferStatus, Wanted, WantedStay, offers};
use chrono::NaiveDate;
use domain::{
    Faults, HotelId, RoomId, StayDates, date,
    party::WholeParty,
    price::{CancellationPolicy, Price},
};
use platform::{
    api::{
        Answer, Code, Endpoint, Problem, Request,
        page::{Filters, PageQuery},
    },
    openapi::words_or_null,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema, openapi::Object};

use crate::{
    api::{refusals, stay::StayFaults},
    parts::Shared,
};

/// Offers of one page: nearly every hotel has fewer rooms than this.
const PAGE: usize = 500;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct OfferParameters {
    /// The day of arrival.
    #[param(format = Date, example = "2026-12-24")]
    start_date: String,
    /// The day of departure.
    #[param(format = Date, example = "2026-12-26")]
    end_date: String,
    /// How many units of one room; 1 if left out.
    #[param(value_type = Option<u8>, minimum = 1, maximum = 9)]
    rooms: Option<i64>,
    /// Adults of the whole party, at most 50 for each of `rooms`; 2 if left out.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 450)]
    adults: Option<i64>,
    /// Ages of the children of the whole party, at most 20 for each of `rooms`.
    #[serde(default)]
    #[param(value_type = Vec<u8>, style = Form, explode = false, max_items = 180)]
    child_ages: Vec<i64>,
    /// From the page before.
    page_token: Option<String>,
}

/// What a hotel offers for some nights.
#[derive(Serialize, ToSchema)]
#[schema(as = OfferPage, example = json!({ "next_page_token": null }))]
pub struct Offers {
    /// The hotel.
    hotel_id: HotelId,
    /// The day of arrival, in the hotel's zone.
    #[schema(value_type = String, format = Date, example = "2026-12-24")]
    start_date: NaiveDate,
    /// The day of departure.
    #[schema(value_type = String, format = Date, example = "2026-12-26")]
    end_date: NaiveDate,
    /// How many nights.
    #[schema(minimum = 1, maximum = 30, example = 2)]
    nights: u16,
    /// Bookable ones first, the cheaper first: at most 500 on a page.
    items: Vec<RoomOffer>,
    /// Asks for the next page; null on the last.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// One room's offer.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "reason": null }))]
pub struct RoomOffer {
    /// The room.
    room_id: RoomId,
    /// Its name.
    #[schema(example = "Deluxe double")]
    display_name: String,
    /// People per unit.
    #[schema(minimum = 1, maximum = 50, example = 3)]
    occupancy: u8,
    /// Units to be had on every night; 9 means nine or more.
    #[schema(maximum = 9, example = 4)]
    available_quantity: u8,
    /// Whether it can be booked.
    status: OfferWord,
    /// Why it cannot be booked; null if it can.
    #[schema(required, schema_with = reasons)]
    reason: Option<&'static str>,
    /// Of one unit.
    price: Price,
    /// What leaving would cost, of one unit.
    cancellation_policy: CancellationPolicy,
}

/// Every reason of an offer, those too that nothing gives yet.
fn reasons() -> Object {
    let later = ["minimum_stay", "maximum_stay", "closed_to_arrival", "closed_to_departure"];
    let words = OfferReason::ALL.iter().map(|reason| reason.as_str()).chain(later);
    words_or_null("Why it cannot be booked; null if it can.", words)
}

/// Whether an offer can be booked.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OfferStatus)]
pub enum OfferWord {
    /// It can.
    Available,
    /// It cannot; `reason` says why.
    Unavailable,
}

pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("list_offers", handle)
        .summary("What a hotel offers for a stay, live")
        .description(
            "Every room of the hotel, with the price of one unit for the whole stay. Of a hotel with more than 5000 \
             rooms these are the 5000 whose night costs least, free or not, those on sale first.",
        )
        .tag("offers")
        .public()
        .path_param::<HotelId>("hotel_id", "The hotel.")
        .query::<OfferParameters>()
        .answers::<Offers>(200, "The offers.")
        .refuses(&[Code::InvalidStay, Code::InvalidPageToken])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let hotel_id = request.path("hotel_id")?;
    let parameters: OfferParameters = request.query()?;
    let query = parse(hotel_id, &parameters)?;
    let stays = vec![WantedStay { hotel_id, rooms: BTreeSet::new(), dates: query.dates }];
    let place = shared.hotel_reads.place(hotel_id).await?;
    let snapshot = shared.bookings.look(&Wanted { stays, ..Wanted::default() }).await?;
    drop(place);
    let offers = offers(&snapshot, &query).map_err(refusals::of_query)?;
    let filters = Filters::of(&filters(&query));
    let asked = PageQuery { page_size: None, page_token: parameters.page_token };
    let request = asked.read(filters, Faults::new())?;
    let (items, next) = page(offers, request.after);
    Ok(Answer::json(200, &view(&query, items, request.token(next))))
}

/// Where an offer stands: bookable ones first, the cheaper first, then by id.
type Place = (bool, i64, RoomId);

fn place(offer: &Offer) -> Place {
    (offer.status != OfferStatus::Available, offer.price.total.amount(), offer.room_id)
}

/// The offers after a place, and the place of the last one if more follow. Everything is read and priced anew for each
/// page: a page shows what is true now, and few hotels have a second one.
fn page(offers: Vec<Offer>, after: Option<Place>) -> (Vec<Offer>, Option<Place>) {
    let mut rest = offers.into_iter().filter(|offer| after.is_none_or(|after| place(offer) > after));
    let items: Vec<_> = rest.by_ref().take(PAGE).collect();
    let next = rest.next().and_then(|_| items.last().map(place));
    (items, next)
}

/// What makes two requests the same list, for page tokens.
fn filters(query: &OfferQuery) -> impl Serialize + use<> {
    ("offers", query.hotel_id, query.dates, query.rooms, query.people)
}

fn parse(hotel_id: HotelId, parameters: &OfferParameters) -> Result<OfferQuery, Problem> {
    let mut faults = StayFaults::default();
    let fields = &mut faults.fields;
    let start = fields.take_parameter("start_date", date::parse(&parameters.start_date));
    let end = fields.take_parameter("end_date", date::parse(&parameters.end_date));
    let (rooms, adults) = (parameters.rooms.unwrap_or(1), parameters.adults.unwrap_or(2));
    let party = WholeParty::parse(rooms, adults, &parameters.child_ages);
    for (name, invalid) in party.as_ref().err().into_iter().flatten() {
        fields.note_parameter(name, invalid.clone());
    }
    let dates = start.zip(end).and_then(|(start, end)| {
        StayDates::parse(start, end).map_err(|invalid| faults.dates.note_parameter("end_date", invalid)).ok()
    });
    let query = dates.zip(party.ok());
    faults.finish(query.map(|(dates, party)| OfferQuery {
        hotel_id,
        dates,
        rooms: party.units(),
        people: party.people(),
    }))
}

fn view(query: &OfferQuery, offers: Vec<Offer>, next_page_token: Option<String>) -> Offers {
    Offers {
        hotel_id: query.hotel_id,
        start_date: query.dates.start_date(),
        end_date: query.dates.end_date(),
        nights: query.dates.night_count(),
        items: offers.into_iter().map(offer_view).collect(),
        next_page_token,
    }
}

fn offer_view(offer: Offer) -> RoomOffer {
    let (status, reason) = match offer.status {
        OfferStatus::Available => (OfferWord::Available, None),
        OfferStatus::Unavailable(reason) => (OfferWord::Unavailable, Some(reason.as_str())),
    };
    RoomOffer {
        room_id: offer.room_id,
        display_name: offer.display_name,
        occupancy: offer.occupancy,
        available_quantity: offer.available_quantity,
        status,
        reason,
        price: offer.price,
        cancellation_policy: offer.cancellation_policy,
    }
}
