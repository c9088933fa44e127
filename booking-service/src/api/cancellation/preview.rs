//! `GET /v1/bookings/{booking_id}/cancellation`

use booking_core::{CancellationPreview as Preview, cancel::Cancellable, preview};
use domain::{BookingId, Instant, Money};
use platform::{
    api::{Answer, Endpoint, Problem, Request},
    auth::Role,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{api::access, bookings::Found, parts::Shared};

/// What cancelling now would cost.
#[derive(Serialize, ToSchema)]
pub struct CancellationPreview {
    booking_id: BookingId,
    cancellable: bool,
    /// Why not: `already_cancelled` or `completed`.
    #[schema(required, value_type = Option<String>, example = "already_cancelled")]
    reason: Option<&'static str>,
    /// The moment this was told for.
    as_of: Instant,
    penalty: Money,
    refund: Money,
    /// Until when it stands; null if it no longer changes by itself.
    #[schema(required)]
    valid_until: Option<Instant>,
}

/// The operation.
pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("preview_cancellation", handle)
        .summary("What cancelling would cost now")
        .tag("cancellations")
        .roles(&[Role::Traveller, Role::Channel, Role::Manager, Role::Operator])
        .path_param::<BookingId>("booking_id", "The booking.")
        .answers::<CancellationPreview>(200, "What it would cost.")
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let id = request.path("booking_id")?;
    let Found { booking, now } = shared.bookings.find(id).await?;
    let by = access::acts_as(&shared, request.caller(), &booking.record).await?;
    Ok(Answer::json(200, &show(id, &preview(&booking, by, now))))
}

fn show(booking_id: BookingId, preview: &Preview) -> CancellationPreview {
    let (cancellable, reason) = match preview.cancellable {
        Cancellable::Yes => (true, None),
        Cancellable::AlreadyCancelled => (false, Some("already_cancelled")),
        Cancellable::Completed => (false, Some("completed")),
    };
    CancellationPreview {
        booking_id,
        cancellable,
        reason,
        as_of: preview.as_of,
        penalty: preview.outcome.penalty,
        refund: preview.outcome.refund,
        valid_until: preview.valid_until,
    }
}
