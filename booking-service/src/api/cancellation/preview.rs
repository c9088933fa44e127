//! `GET /v1/bookings/{booking_id}/cancellation`

use booking_core::{CancellationPreview as Preview, cancel::Cancellable, preview};
use domain::{BookingId, Instant, Money};
use platform::{
    api::{Answer, Endpoint, Problem, Request},
    auth::Role,
    openapi::words_or_null,
};
use serde::Serialize;
use utoipa::{ToSchema, openapi::Object};

use crate::{api::access, parts::Shared};

const ALREADY_CANCELLED: &str = "already_cancelled";
const COMPLETED: &str = "completed";

/// What cancelling now would cost.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "reason": null, "valid_until": "2026-12-23T23:00:00.000000Z",
    "penalty": { "amount": 0, "currency": "EUR" }, "refund": { "amount": 24690, "currency": "EUR" },
}))]
pub struct CancellationPreview {
    /// The booking.
    booking_id: BookingId,
    /// Whether it can be cancelled.
    cancellable: bool,
    /// Why not.
    #[schema(required, schema_with = reasons)]
    reason: Option<&'static str>,
    /// The moment this was told for.
    as_of: Instant,
    /// What would be kept.
    penalty: Money,
    /// What would go back.
    refund: Money,
    /// Until when it stands; null if it no longer changes by itself.
    #[schema(required)]
    valid_until: Option<Instant>,
}

fn reasons() -> Object {
    words_or_null("Why it cannot be cancelled; null if it can.", [ALREADY_CANCELLED, COMPLETED])
}

pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::get("preview_cancellation", handle)
        .summary("What cancelling would cost now")
        .description("Changes nothing. `accepted_penalty` of the cancellation holds the traveller to what was shown here.")
        .tag("cancellations")
        .roles(&[Role::Traveller, Role::Channel, Role::Manager, Role::Operator])
        .path_param::<BookingId>("booking_id", "The booking.")
        .answers::<CancellationPreview>(200, "What it would cost.")
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let id = request.path("booking_id")?;
    let found = shared.bookings.find(id).await?;
    let by = access::acts_as(&shared, request.caller(), found.parties()).await?;
    Ok(Answer::json(200, &show(id, &preview(&found.booking, by, found.now))))
}

fn show(booking_id: BookingId, preview: &Preview) -> CancellationPreview {
    let (cancellable, reason) = match preview.cancellable {
        Cancellable::Yes => (true, None),
        Cancellable::AlreadyCancelled => (false, Some(ALREADY_CANCELLED)),
        Cancellable::Completed => (false, Some(COMPLETED)),
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
