//! `POST /v1/payments/{payment_id}/refund`

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
    Endpoint::post("refund_payment", handle)
        .summary("Sends a payment in review back")
        .description("The whole amount goes back; the booking stays as it is.")
        .tag("payments")
        .roles(&[Role::Operator])
        .path_param::<PaymentId>("payment_id", "The payment.")
        .answers::<BookingView>(200, "The booking after it.")
        .refuses(&[Code::AlreadyExists, Code::Restricted])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    decide(&shared, request.path("payment_id")?, Review::Refund).await
}
