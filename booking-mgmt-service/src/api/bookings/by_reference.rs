//! `GET /v1/bookings?client_reference=`

use domain::{ClientReference, Faults};
use platform::api::{Answer, Endpoint, Problem, Request};
use records::{BookingView, Viewer};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view;
use crate::{
    api::{BOOKERS, access::Seen},
    parts::Shared,
};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Query {
    /// What the caller called the booking when making it.
    #[param(inline, value_type = ClientReference)]
    client_reference: String,
}

/// The caller's booking of a reference, if there is one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookingPage)]
struct BookingsOfReference {
    /// One booking or none.
    #[schema(max_items = 1)]
    items: Vec<BookingView>,
    /// Always null.
    #[schema(required, example = json!(null))]
    next_page_token: Option<String>,
}

pub(super) fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("find_booking", handle)
        .summary("Find one's own booking by its reference")
        .description("Settles an unknown outcome: a booking that was made is here on the very next read.")
        .tag("bookings")
        .roles(BOOKERS)
        .query::<Query>()
        .answers::<BookingsOfReference>(200, "The booking, or nothing.")
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let query: Query = request.query()?;
    let mut faults = Faults::new();
    let reference =
        faults.take_parameter("client_reference", ClientReference::parse(&query.client_reference));
    let reference = faults.finish(reference)?;
    let record = shared.reads.by_reference(request.caller().user_id, &reference).await?;
    let mut items = Vec::new();
    if let Some(record) = record.filter(|record| record.user_id == request.caller().user_id) {
        items.push(view(&shared, &Seen { record, viewer: Viewer::Booker }).await?);
    }
    Ok(Answer::json(200, &BookingsOfReference { items, next_page_token: None }))
}
