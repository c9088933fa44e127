//! `GET /v1/hotels/{hotel_id}/availability`

use std::collections::BTreeMap;

use booking_core::Night;
use chrono::NaiveDate;
use domain::{Faults, HotelId, Invalid, RoomId, date};
use platform::{
    api::{
        Answer, Code, Endpoint, Problem, Request,
        page::{Filters, PageQuery},
    },
    auth::Role,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::{access, stay::StayFaults},
    parts::Shared,
    queries::calendar::{self, Room},
};

/// The most days of one calendar (api.md, CALENDAR).
const MOST_DAYS: i64 = 62;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct CalendarParameters {
    /// The first night.
    #[param(format = Date, example = "2026-12-01")]
    start_date: String,
    /// The day after the last night, at most 62 days later.
    #[param(format = Date, example = "2027-01-01")]
    end_date: String,
    /// Only this room.
    #[param(value_type = Option<RoomId>)]
    room_id: Option<String>,
    /// How many items a page has.
    #[param(value_type = Option<u32>, minimum = 1, default = 20)]
    page_size: Option<i64>,
    /// From the page before.
    page_token: Option<String>,
}

/// One night of a room.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({ "initial_quantity": 12, "available_quantity": 9, "sold": 3, "shortfall": 0 }))]
pub struct CalendarNight {
    /// The room.
    room_id: RoomId,
    /// The night.
    #[schema(value_type = String, format = Date, example = "2026-12-24")]
    date: NaiveDate,
    /// Units there are to sell.
    initial_quantity: u32,
    /// Units still to be had.
    available_quantity: u32,
    /// Units held and booked.
    sold: u32,
    /// Units sold beyond what the room has now.
    shortfall: u32,
}

/// The nights that are asked for.
#[derive(Serialize)]
struct CalendarQuery {
    hotel_id: HotelId,
    first: NaiveDate,
    end: NaiveDate,
    room_id: Option<RoomId>,
    #[serde(skip)]
    size: usize,
}

/// A part of a calendar.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "next_page_token": null }))]
pub struct CalendarPage {
    /// Nights by room and date.
    items: Vec<CalendarNight>,
    /// Asks for the next page; null on the last.
    #[schema(required)]
    next_page_token: Option<String>,
}

pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("get_availability", handle)
        .summary("The hotel's calendar: every night of its rooms")
        .description("Sold and left of each room on each night, as the database has it now; at most 62 days.")
        .tag("availability")
        .roles(&[Role::Manager, Role::Operator])
        .path_param::<HotelId>("hotel_id", "The hotel.")
        .query::<CalendarParameters>()
        .answers::<CalendarPage>(200, "Nights by room and date.")
        .refuses(&[Code::InvalidStay, Code::InvalidPageToken])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let hotel_id = request.path("hotel_id")?;
    let parameters: CalendarParameters = request.query()?;
    access::hotel(&shared, request.caller(), hotel_id).await?;
    let query = parse(hotel_id, &parameters)?;
    let page = parameters.page().read(Filters::of(&query), Faults::new())?;
    let place = shared.hotel_reads.place(hotel_id).await?;
    let (items, next) = read(&shared, &query, page.after).await.map_err(Problem::unavailable)?;
    drop(place);
    let next_page_token = page.token(next);
    Ok(Answer::json(200, &CalendarPage { items, next_page_token }))
}

impl CalendarParameters {
    fn page(&self) -> PageQuery {
        PageQuery { page_size: self.page_size, page_token: self.page_token.clone() }
    }
}

fn parse(hotel_id: HotelId, parameters: &CalendarParameters) -> Result<CalendarQuery, Problem> {
    let mut faults = StayFaults::default();
    let fields = &mut faults.fields;
    let first = fields.take_parameter("start_date", date::parse(&parameters.start_date));
    let end = fields.take_parameter("end_date", date::parse(&parameters.end_date));
    let room_id = fields.take_parameter("room_id", parameters.room_id.as_deref().map(str::parse).transpose());
    let size = parameters.page().check(fields);
    let dates = first.zip(end).and_then(|(first, end)| {
        let range = check(first, end);
        range.map_err(|invalid| faults.dates.note_parameter("end_date", invalid)).ok()
    });
    let query = dates.zip(room_id).zip(size).map(|(((first, end), room_id), size)| {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        CalendarQuery { hotel_id, first, end, room_id, size }
    });
    faults.finish(query)
}

fn check(first: NaiveDate, end: NaiveDate) -> Result<(NaiveDate, NaiveDate), Invalid> {
    match end.signed_duration_since(first).num_days() {
        ..=0 => Err(Invalid::new("inverted", "end_date comes after start_date.")),
        1..=MOST_DAYS => Ok((first, end)),
        _ => Err(Invalid::out_of_range("At most 62 days.")),
    }
}

type Place = (RoomId, NaiveDate);

/// The nights from a place on, and the place of the first one that does not fit the page.
async fn read(
    shared: &Shared,
    query: &CalendarQuery,
    from: Option<Place>,
) -> Result<(Vec<CalendarNight>, Option<Place>), sqlx::Error> {
    let days = usize::try_from(query.end.signed_duration_since(query.first).num_days()).unwrap_or(1).max(1);
    // So many rooms fill the page and begin the next one, wherever in a room it starts.
    let rooms = u32::try_from(query.size.div_ceil(days).saturating_add(2)).unwrap_or(u32::MAX);
    let after = from.map(|(room, _)| room);
    let rooms = calendar::rooms(&shared.reads, query.hotel_id, query.room_id, after, rooms).await?;
    let touched = calendar::nights(&shared.reads, &rooms, query.first, query.end).await?;
    let mut nights = rooms
        .iter()
        .flat_map(|room| query.first.iter_days().take(days).map(move |date| (*room, date)))
        .filter(|(room, date)| from.is_none_or(|place| (room.room_id, *date) >= place));
    let items = nights.by_ref().take(query.size).map(|(room, date)| show(room, date, &touched)).collect();
    let next = nights.next().map(|(room, date)| (room.room_id, date));
    Ok((items, next))
}

fn show(room: Room, date: NaiveDate, touched: &BTreeMap<Place, Night>) -> CalendarNight {
    let stored = touched.get(&(room.room_id, date)).copied();
    let night = stored.unwrap_or(room.untouched());
    CalendarNight {
        room_id: room.room_id,
        date,
        initial_quantity: night.initial,
        available_quantity: night.available,
        sold: night.sold(),
        shortfall: night.shortfall(room.quantity),
    }
}
