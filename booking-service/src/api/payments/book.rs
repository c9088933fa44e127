//! `POST /v1/payments/{payment_id}/book`

use booking_core::Review;
use domain::PaymentId;
use platform::{
    api::{Answer, Code, Endpoint, Problem, Request},
    auth::Role,
};

use super::decide;
use crate::api::{Shared, view::BookingView};

/// The operation.
pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::post("book_payment", handle)
        .summary("Takes a payment in review as the booking's")
        .description("The booking is BOOKED with it, at the amount that was taken.")
        .tag("payments")
        .roles(&[Role::Operator])
        .path_param::<PaymentId>("payment_id", "The payment.")
        .answers::<BookingView>(200, "The booking after it.")
        .refuses(&[Code::AlreadyExists, Code::Restricted])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    decide(&shared, request.path("payment_id")?, Review::Book).await
}
