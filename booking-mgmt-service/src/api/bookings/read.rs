//! `GET /v1/bookings/{booking_id}`

use domain::BookingId;
use platform::api::{Answer, Endpoint, Problem, Request};
use records::BookingView;

use super::view;
use crate::{
    api::{ANYBODY, access},
    parts::Shared,
};

pub(super) fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("get_booking", handle)
        .summary("Read a booking")
        .description("For whose it is, its hotel's manager and operators. Archived bookings are here, too. The link at which it is paid \
             is shown to whose it is alone; who booked is shown to the hotel once it is paid.")
        .tag("bookings")
        .roles(ANYBODY)
        .path_param::<BookingId>("booking_id", "The booking.")
        .answers::<BookingView>(200, "The booking.")
        .etag()
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let found = shared.reads.booking(request.path("booking_id")?).await?;
    let seen = access::visible(&shared, request.caller(), found).await?;
    Ok(Answer::json(200, &view(&shared, &seen).await?).etag(seen.record.version))
}
