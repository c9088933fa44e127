//! The API of this service: one list of resources, one endpoint per file.

pub mod access;
pub mod availability;
pub mod bookings;
pub mod callbacks;
pub mod cancellation;
pub mod dev;
mod key;
pub mod offers;
pub mod quotes;
pub mod refunds;
pub mod refusals;
pub mod reviews;
pub mod stay;

use platform::api::Routes;

use crate::parts::Shared;

/// All operations.
pub fn routes() -> Routes<Shared> {
    Routes::new()
        .resource("/v1/hotels/{hotel_id}/offers", [offers::list::endpoint()])
        .resource("/v1/hotels/{hotel_id}/availability", [availability::calendar::endpoint()])
        .resource("/v1/quotes", [quotes::create::endpoint()])
        .resource("/v1/bookings", [bookings::create::endpoint()])
        .resource(
            "/v1/bookings/{booking_id}/cancellation",
            [cancellation::preview::endpoint(), cancellation::cancel::endpoint()],
        )
        .resource("/v1/payments/callbacks", [callbacks::receive::endpoint()])
        .resource("/v1/payments/reviews", [reviews::list::endpoint()])
        .resource("/v1/payments/unmatched", [reviews::unmatched::endpoint()])
        .resource("/v1/payments/unmatched/dismissals", [reviews::dismiss::endpoint()])
        .resource("/v1/payments/refunds", [refunds::list::endpoint()])
        .resource("/v1/payments/refunds/{refund_id}/retry", [refunds::retry::endpoint()])
        .resource("/v1/payments/{payment_id}/book", [reviews::decide::book()])
        .resource("/v1/payments/{payment_id}/refund", [reviews::decide::refund()])
        .resource("/dev/clock", [platform::api::dev_clock::endpoint("advance_clock")])
}
