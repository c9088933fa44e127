//! `GET /v1/hotels/{hotel_id}/bookings`

use std::ops::RangeInclusive;

use chrono::{Datelike as _, Days, NaiveDate, TimeDelta};
use domain::{
    Faults, HotelId, Instant, Invalid, RoomId,
    booking::{BookingRecord, BookingStatus},
    ids::ConfirmationNumber,
};
use platform::api::{
    Answer, Code, Endpoint, Problem, Request, Routes,
    page::{Filters, PageQuery},
};
use records::{BookingView, HotelList, Position, Viewer, readable};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{MANAGERS, access};
use crate::{
    parts::{Parts, Shared},
    reads::{BookingList, ReadFailed},
    settings::HotelListSettings,
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Only these.
    #[param(inline, nullable = false)]
    status: Option<BookingStatus>,
    /// The first day of arrival; 366 days ago if left out.
    #[serde(default, deserialize_with = "domain::date::deserialize_optional")]
    #[param(value_type = Option<String>, format = Date, nullable = false)]
    start_from: Option<NaiveDate>,
    /// The last day of arrival; in 540 days if left out.
    #[serde(default, deserialize_with = "domain::date::deserialize_optional")]
    #[param(value_type = Option<String>, format = Date, nullable = false)]
    start_to: Option<NaiveDate>,
    /// Only with a line of this room.
    #[param(inline, nullable = false)]
    room_id: Option<RoomId>,
    /// Only changed at or after. Who asks again and again sends `complete_until` of the answer before, and takes each
    /// version of a booking once: a change seen already may come again.
    #[param(inline, nullable = false)]
    updated_since: Option<Instant>,
    /// Only this one, as people write it.
    #[param(nullable = false, example = "7K3M9-QXD2T", max_length = 32)]
    confirmation_number: Option<String>,
    /// How many items: 20 if left out; more than 100 is taken as 100.
    #[param(value_type = Option<u32>, minimum = 1, nullable = false)]
    page_size: Option<i64>,
    /// `next_page_token` of the page before.
    #[param(nullable = false)]
    page_token: Option<String>,
}

/// A page of a hotel's bookings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HotelBookingPage, example = json!({ "next_page_token": null, "partial": false }))]
struct HotelBookings {
    /// The bookings, earliest arrival first.
    items: Vec<BookingView>,
    /// Asks for the next page; null on the last.
    #[schema(required)]
    next_page_token: Option<String>,
    /// Whether the archive did not answer, so that past bookings may be missing.
    partial: bool,
    /// Everything that changed before it is in this list, unless `partial`: `updated_since` of who asks for changes next.
    /// Every page of a list says the same. Not promised: late money of a booking already purged, which is shown when the
    /// archive has been told.
    complete_until: Instant,
}

pub(super) fn routes() -> Routes<Shared> {
    Routes::new().resource("/v1/hotels/{hotel_id}/bookings", [endpoint()])
}

fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("list_hotel_bookings", handle)
        .summary("List a hotel's bookings")
        .description(
            "By day of arrival, earliest first. Active bookings are there even when the archive is not. Who booked is shown \
             once the booking is paid.",
        )
        .tag("bookings")
        .roles(MANAGERS)
        .path_param::<HotelId>("hotel_id", "The hotel, one of the caller's own.")
        .query::<Query>()
        .answers::<HotelBookings>(200, "A page of bookings.")
        .refuses(&[Code::InvalidPageToken])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let hotel_id: HotelId = request.path("hotel_id")?;
    let query: Query = request.query()?;
    let viewer = access::manages(&shared, request.caller(), hotel_id).await?;
    let now = shared.clock.now().await?;
    let mut faults = Faults::new();
    let default = default_window(now.utc().date_naive(), shared.list);
    let list = query.list(hotel_id, &default, &mut faults);
    check_window(&list, shared.list, &mut faults);
    // The token is tied to the filters as they were written: default days move on at midnight.
    let filters = query.filters(hotel_id);
    let page = PageQuery { page_size: query.page_size, page_token: query.page_token };
    // Every page of a list says the same moment: what the first page could not have yet must not be passed over.
    let page = page.read::<(Position, Instant)>(filters, faults)?;
    let complete_until = page.after.as_ref().map_or(complete_until(now, shared.list), |(_, until)| *until);
    let after = page.after.as_ref().map(|(position, _)| *position);
    let listing = shared.reads.list(&BookingList::OfHotel(list), after, page.size).await?;
    let items = views(&shared, &listing.items, viewer).await?;
    let next_page_token = page.token(listing.next.map(|position| (position, complete_until)));
    let partial = listing.partial;
    Ok(Answer::json(200, &HotelBookings { items, next_page_token, partial, complete_until }))
}

/// A change carries the moment at which it was decided and is seen when it is committed, a little later.
fn complete_until(now: Instant, settings: HotelListSettings) -> Instant {
    now.plus(-TimeDelta::seconds(settings.complete_after_seconds.into()))
}

/// The days of arrival if nobody says. The UTC day is near enough to the hotel's for a window of years.
fn default_window(today: NaiveDate, settings: HotelListSettings) -> RangeInclusive<NaiveDate> {
    let first = today.checked_sub_days(Days::new(settings.days_back.into())).unwrap_or(NaiveDate::MIN);
    let last = today.checked_add_days(Days::new(settings.days_ahead.into())).unwrap_or(NaiveDate::MAX);
    first..=last
}

impl Query {
    fn filters(&self, hotel_id: HotelId) -> Filters {
        let window = (self.start_from, self.start_to);
        let rest = (self.status, self.room_id, self.updated_since, &self.confirmation_number);
        Filters::of(&("list_hotel_bookings", hotel_id, window, rest))
    }

    fn list(&self, hotel_id: HotelId, default: &RangeInclusive<NaiveDate>, faults: &mut Faults) -> HotelList {
        let number = self.confirmation_number.as_deref().map(ConfirmationNumber::parse).transpose();
        HotelList {
            hotel_id,
            start_from: self.start_from.unwrap_or(*default.start()),
            start_to: self.start_to.unwrap_or(*default.end()),
            status: self.status,
            room_id: self.room_id,
            updated_since: self.updated_since,
            confirmation_number: faults.take_parameter("confirmation_number", number).flatten(),
        }
    }
}

/// Years that every store can hold.
const YEARS: RangeInclusive<i32> = 1900..=9999;

fn check_window(list: &HotelList, settings: HotelListSettings, faults: &mut Faults) {
    for (name, date) in [("start_from", list.start_from), ("start_to", list.start_to)] {
        if !YEARS.contains(&date.year()) {
            faults.note_parameter(name, Invalid::out_of_range("A year from 1900 to 9999."));
        }
    }
    let days = list.start_to.signed_duration_since(list.start_from).num_days();
    if days < 0 {
        faults.note_parameter("start_to", Invalid::new("inverted", "start_to is not before start_from."));
    } else if days > i64::from(settings.most_days) {
        let says = format!("At most {} days after start_from.", settings.most_days);
        faults.note_parameter("start_to", Invalid::out_of_range(says));
    }
}

/// A booking whose money is corrupt is left out: it would look unpaid.
async fn views(
    shared: &Parts,
    records: &[BookingRecord],
    viewer: Viewer,
) -> Result<Vec<BookingView>, Problem> {
    let mut money = shared.reads.active().money(records).await.map_err(ReadFailed::from)?;
    let view = |record: &BookingRecord| {
        let money = readable(money.remove(&record.booking_id)?)?;
        Some(BookingView::of(record, money, viewer))
    };
    Ok(records.iter().filter_map(view).collect())
}
