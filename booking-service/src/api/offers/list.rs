//! `GET /v1/hotels/{hotel_id}/offers`

use std::collections::BTreeSet;

use booking_core::{Offer, OfferQuery, OfferStatus, Wanted, WantedStay, offers};
use chrono::NaiveDate;
use domain::{
    HotelId, RoomId, StayDates, date,
    price::{CancellationPolicy, Price},
};
use platform::api::{Answer, Code, Endpoint, Problem, Request};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::{
        refusals,
        stay::{StayFaults, parse_adults, parse_ages, parse_units},
    },
    parts::Shared,
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// The day of arrival.
    #[param(format = Date, example = "2026-12-24")]
    start_date: String,
    /// The day of departure.
    #[param(format = Date, example = "2026-12-26")]
    end_date: String,
    /// How many units of one room; 1 if left out.
    #[param(minimum = 1, maximum = 9)]
    rooms: Option<i64>,
    /// Adults of the whole party; 2 if left out.
    #[param(minimum = 1, maximum = 50)]
    adults: Option<i64>,
    /// Ages of the children of the whole party.
    #[serde(default)]
    #[param(value_type = Vec<u8>, style = Form, explode = false)]
    child_ages: Vec<i64>,
}

/// What a hotel offers for some nights.
#[derive(Serialize, ToSchema)]
pub struct Offers {
    hotel_id: HotelId,
    #[schema(value_type = String, format = Date)]
    start_date: NaiveDate,
    #[schema(value_type = String, format = Date)]
    end_date: NaiveDate,
    nights: u16,
    /// Bookable ones first, the cheaper first.
    items: Vec<RoomOffer>,
}

/// One room's offer.
#[derive(Serialize, ToSchema)]
pub struct RoomOffer {
    room_id: RoomId,
    display_name: String,
    /// People per unit.
    occupancy: u8,
    /// Units to be had on every night; 9 means nine or more.
    available_quantity: u8,
    status: OfferWord,
    /// Why it cannot be booked: `sold_out`, `occupancy_exceeded`, `minimum_stay`, `maximum_stay`, `closed_to_arrival`,
    /// `closed_to_departure` or `stop_sell`.
    #[schema(required, value_type = Option<String>, example = "sold_out")]
    reason: Option<&'static str>,
    /// Of one unit.
    price: Price,
    cancellation_policy: CancellationPolicy,
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

/// The operation.
pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("list_offers", handle)
        .summary("What a hotel offers for a stay, live")
        .description("Every room of the hotel on sale, with the price of one unit for the whole stay.")
        .tag("offers")
        .public()
        .path_param::<HotelId>("hotel_id", "The hotel.")
        .query::<Asked>()
        .answers::<Offers>(200, "The offers.")
        .refuses(&[Code::InvalidStay])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let hotel_id = request.path("hotel_id")?;
    let query = parse(hotel_id, &request.query()?)?;
    let stays = vec![WantedStay { hotel_id, rooms: BTreeSet::new(), dates: query.dates }];
    let snapshot = shared.desk.look(&Wanted { stays, ..Wanted::default() }).await?;
    let offers = offers(&snapshot, &query).map_err(refusals::of_query)?;
    Ok(Answer::json(200, &view(&query, offers)))
}

fn parse(hotel_id: HotelId, asked: &Asked) -> Result<OfferQuery, Problem> {
    let mut faults = StayFaults::default();
    let fields = &mut faults.fields;
    let start = fields.take_parameter("start_date", date::parse(&asked.start_date));
    let end = fields.take_parameter("end_date", date::parse(&asked.end_date));
    let rooms = fields.take_parameter("rooms", parse_units(asked.rooms.unwrap_or(1)));
    let adults = fields.take_parameter("adults", parse_adults(asked.adults.unwrap_or(2)));
    let children = fields.take_parameter("child_ages", parse_ages(&asked.child_ages));
    let dates = start.zip(end).and_then(|(start, end)| {
        StayDates::parse(start, end).map_err(|invalid| faults.dates.note_parameter("end_date", invalid)).ok()
    });
    let people = adults.zip(children).map(|(adults, children)| {
        u16::from(adults).saturating_add(u16::try_from(children.len()).unwrap_or(u16::MAX))
    });
    let query = dates.zip(rooms).zip(people);
    faults.finish(query.map(|((dates, rooms), people)| OfferQuery { hotel_id, dates, rooms, people }))
}

fn view(query: &OfferQuery, offers: Vec<Offer>) -> Offers {
    Offers {
        hotel_id: query.hotel_id,
        start_date: query.dates.start_date(),
        end_date: query.dates.end_date(),
        nights: query.dates.night_count(),
        items: offers.into_iter().map(offer_view).collect(),
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
