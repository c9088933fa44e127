//! `POST /v1/payments/{payment_id}/book` and `POST /v1/payments/{payment_id}/refund`: what an operator decides about a
//! payment in review.

use booking_core::{CancelledBy, Command, Review, Reviewed};
use domain::PaymentId;
use platform::{
    api::{Answer, Code, Endpoint, Problem, Request},
    auth::Role,
};
use records::{ActiveBookings, ReadError, Viewer};

use crate::{api::access, parts::Shared, queries::review, view::BookingView};

/// Takes the payment.
pub fn book() -> Endpoint<Shared> {
    documented(Endpoint::post("book_payment", |shared, request| decide(shared, request, Review::Book)))
        .summary("Takes a payment in review as the booking's")
        .description(
            "The booking is BOOKED with it, at the amount that was taken; in another currency it can only be sent back \
             (`restricted`). Asked again, the answer is the same.",
        )
}

/// Sends the payment back.
pub fn refund() -> Endpoint<Shared> {
    documented(Endpoint::post("refund_payment", |shared, request| decide(shared, request, Review::Refund)))
        .summary("Sends a payment in review back")
        .description(
            "The whole amount goes back; the booking stays as it is. Asked again, the answer is the same.",
        )
}

fn documented(endpoint: Endpoint<Shared>) -> Endpoint<Shared> {
    endpoint
        .tag("payments")
        .roles(&[Role::Operator])
        .path_param::<PaymentId>("payment_id", "The payment.")
        .answers::<BookingView>(200, "The booking after it.")
        .refuses(&[Code::AlreadyExists, Code::Restricted])
}

/// Carries the decision out, once; 404 if the payment is not in review.
async fn decide(shared: Shared, request: Request, decision: Review) -> Result<Answer, Problem> {
    let payment: PaymentId = request.path("payment_id")?;
    let booking = review::booking_of(&shared.reads, payment).await.map_err(Problem::unavailable)?;
    let booking = booking.ok_or_else(Problem::not_found)?;
    let actor = access::actor(request.caller(), CancelledBy::Hotel);
    let reviewed = Reviewed { actor, payment_id: payment, review: decision };
    let decided = shared.bookings.carry_out(booking, &Command::Reviewed(reviewed)).await?;
    let after = &decided.after;
    let money = ActiveBookings::new(shared.reads.clone()).money_of(after).await.map_err(unread)?;
    let view = BookingView::of(after, money, Viewer::Operator);
    Ok(Answer::json(200, &view).etag(after.version))
}

/// A database that does not answer is 503; a row that does not parse stays so, however often one asks.
fn unread(error: ReadError) -> Problem {
    match error {
        ReadError::Unavailable(_) => Problem::unavailable(error),
        ReadError::Corrupt { .. } => Problem::internal(error),
    }
}
