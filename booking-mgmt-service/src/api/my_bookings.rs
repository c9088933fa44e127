//! `GET /v1/me/bookings`

use domain::{Faults, HotelId, booking::BookingRecord};
use platform::api::{
    Answer, Code, Endpoint, Problem, Request, Routes,
    page::{Filters, PageQuery},
};
use records::{BookingSummary, UserList, View};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::BOOKERS;
use crate::{
    parts::{Parts, Shared},
    reads::{BookingList, ReadFailed},
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Which bookings; all if left out.
    #[param(inline, nullable = false)]
    view: Option<View>,
    /// How many items: 20 if left out; more than 100 is taken as 100.
    #[param(value_type = Option<u32>, minimum = 1, nullable = false)]
    page_size: Option<i64>,
    /// `next_page_token` of the page before.
    #[param(nullable = false)]
    page_token: Option<String>,
}

/// A page of one's own bookings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookingSummaryPage, example = json!({ "next_page_token": null, "partial": false }))]
struct MyBookings {
    /// The bookings, in the view's order.
    items: Vec<BookingSummary>,
    /// Asks for the next page; null on the last.
    #[schema(required)]
    next_page_token: Option<String>,
    /// Whether the archive did not answer, so that past bookings may be missing.
    partial: bool,
}

pub(super) fn routes() -> Routes<Shared> {
    Routes::new().resource("/v1/me/bookings", [endpoint()])
}

fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("list_my_bookings", handle)
        .summary("List one's own bookings")
        .description(
            "`upcoming` (RESERVED and BOOKED, also during the stay) by day of arrival, earliest first; `past` (COMPLETED), \
             `cancelled` and `all` latest first. Active bookings are there even when the archive is not.",
        )
        .tag("bookings")
        .roles(BOOKERS)
        .query::<Query>()
        .answers::<MyBookings>(200, "A page of bookings.")
        .refuses(&[Code::InvalidPageToken])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let query: Query = request.query()?;
    let (user, view) = (request.caller().user_id, query.view.unwrap_or(View::All));
    let filters = Filters::of(&("list_my_bookings", user, view));
    let page = PageQuery { page_size: query.page_size, page_token: query.page_token };
    let page = page.read(filters, Faults::new())?;
    let today = shared.clock.now().await?.utc().date_naive();
    let list = BookingList::OfUser(UserList { user_id: user, view, today });
    let listing = shared.reads.list(&list, page.after, page.size).await?;
    let items = summaries(&shared, &listing.items).await?;
    let next_page_token = page.token(listing.next);
    Ok(Answer::json(200, &MyBookings { items, next_page_token, partial: listing.partial }))
}

async fn summaries(shared: &Parts, records: &[BookingRecord]) -> Result<Vec<BookingSummary>, Problem> {
    let hotels: Vec<HotelId> = records.iter().map(|record| record.hotel_id).collect();
    let covers = shared.reads.active().cover_images(&hotels).await.map_err(ReadFailed::from)?;
    let summary = |record: &BookingRecord| BookingSummary::of(record, covers.get(&record.hotel_id).cloned());
    Ok(records.iter().map(summary).collect())
}
