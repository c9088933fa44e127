//! `GET /v1/bookings/{booking_id}`

use domain::BookingId;
use platform::api::{Answer, Endpoint, Problem, Request};
use records::BookingView;

use super::view;
use crate::api::{ANYBODY, Ports, access};

pub(super) fn endpoint() -> Endpoint<Ports> {
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

async fn handle(ports: Ports, request: Request) -> Result<Answer, Problem> {
    let found = ports.reads.booking(request.path("booking_id")?).await?;
    let seen = access::visible(&ports, request.caller(), found).await?;
    Ok(Answer::json(200, &view(&ports, &seen).await?).etag(seen.record.version))
}
