//! `GET /v1/bookings/{booking_id}/invoice`

use domain::BookingId;
use platform::api::{Answer, Endpoint, Problem, Request};
use records::{InvoiceView, render_invoice};

use crate::{
    api::{ANYBODY, access},
    parts::Shared,
    reads::ReadFailed,
};

pub(super) fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("get_invoice", handle)
        .summary("Read a booking's invoice")
        .description(
            "As JSON, or as a page for who prefers `text/html`. There is none until the booking is BOOKED and the invoice \
             has its number, moments later. Credit notes of refunds stand on it. The page is in the booking's language (en, de, \
             es, fr, it, pt; else English). Neither has the hotel's address, tax numbers or taxes yet.",
        )
        .tag("bookings")
        .roles(ANYBODY)
        .path_param::<BookingId>("booking_id", "The booking.")
        .answers::<InvoiceView>(200, "The invoice.")
        .answers_html(200, "The invoice as a page.")
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let id: BookingId = request.path("booking_id")?;
    let found = shared.reads.booking(id).await?;
    let record = access::visible(&shared, request.caller(), found).await?.record;
    let numbered = shared.reads.active().invoice(id).await.map_err(ReadFailed::from)?;
    let invoice = InvoiceView::of(&record, numbered.ok_or_else(Problem::not_found)?);
    if request.accepts("text/html") {
        let page = render_invoice(&record, &invoice).map_err(Problem::internal)?;
        return Ok(Answer::html(200, page));
    }
    Ok(Answer::json(200, &invoice))
}
