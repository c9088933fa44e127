//! `GET /v1/bookings/{booking_id}`

use domain::BookingId;
use platform::api::{Answer, Endpoint, Problem, Request};
use records::BookingView;

use super::view;
use crate::api::{ANYBODY, Ports, access};

pub(super) fn endpoint() -> Endpoint<Ports> {
    Endpoint::get("get_booking", handle)
        .summary("Read a booking")
        .description("For whose it is, its hotel's manager and operators. Archived bookings are here, too.")
        .tag("bookings")
        .roles(ANYBODY)
        .path_param::<BookingId>("booking_id", "The booking.")
        .answers::<BookingView>(200, "The booking.")
        .etag()
}

async fn handle(ports: Ports, request: Request) -> Result<Answer, Problem> {
    let found = ports.reads.booking(request.path("booking_id")?).await?;
    let record = access::visible(&ports, request.caller(), found).await?;
    Ok(Answer::json(200, &view(&ports, &record).await?).etag(record.version))
}
