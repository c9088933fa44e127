//! `POST /v1/bookings/{booking_id}/cancellation`

use booking_core::{Booking, Cancel, Cancellation, Command, Decided, KeepAnswer, Quiet, Step};
use domain::{BookingId, Money, booking::StatusReason};
use platform::{
    api::{Answer, Code, Endpoint, Problem, Request},
    auth::Role,
};
use records::Viewer;
use serde::Serialize;
use utoipa::ToSchema;

use super::request::CancellationRequest;
use crate::{
    api::{access, key},
    bookings::{Done, Ordered},
    parts::Shared,
    view,
};

/// A cancellation that was carried out.
#[derive(Serialize, ToSchema)]
#[schema(as = Cancellation, example = json!({
    "penalty": { "amount": 0, "currency": "EUR" }, "refund": { "amount": 24690, "currency": "EUR" },
}))]
pub struct CancellationView {
    /// The booking as it is now.
    booking: view::BookingView,
    /// What is kept.
    penalty: Money,
    /// What goes back.
    refund: Money,
}

pub fn endpoint() -> Endpoint<Shared> {
    Endpoint::post("cancel_booking", handle)
        .summary("Cancels a booking")
        .description(
            "By its traveller at what the policy says, by its hotel (or an operator) free of charge. A repeat gives the \
             same result.",
        )
        .tag("cancellations")
        .roles(&[Role::Traveller, Role::Channel, Role::Manager, Role::Operator])
        .idempotent()
        .path_param::<BookingId>("booking_id", "The booking.")
        .body::<CancellationRequest>()
        .answers::<CancellationView>(200, "Cancelled, now or before.")
        .refuses(&[Code::PenaltyChanged, Code::NotCancellable])
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let id = request.path("booking_id")?;
    let key = key::of(&request)?;
    let body = request.json::<CancellationRequest>()?.parse()?;
    let parties = shared.bookings.parties(id).await?;
    let by = access::acts_as(&shared, request.caller(), parties).await?;
    let actor = access::actor(request.caller(), by);
    let cancel = Cancel { actor, by, accepted_penalty: body.accepted_penalty, note: body.note };
    let (operation_id, user_id) = ("cancel_booking".to_owned(), request.caller().user_id);
    let order = Ordered {
        hotel_id: Some(parties.hotel_id),
        keep: Some(KeepAnswer { key, operation_id, user_id }),
        ..Ordered::plain(id, Command::Cancel(cancel))
    };
    Ok(match shared.bookings.order(order).await? {
        Done::Decided(decided) => Answer::raw_json(200, body_of(&decided, view::viewer(by))),
        Done::Kept(kept) => Answer::raw_json(kept.status, kept.body).replayed(),
    })
}

/// The answer that is kept for the key of a cancellation: what whoever cancelled was shown.
pub fn kept_body(_: &Booking, decided: &Decided) -> Vec<u8> {
    let viewer = match decided.after.status_reason {
        Some(StatusReason::Traveller) => Viewer::Booker,
        Some(StatusReason::Hotel | StatusReason::PaymentFailed | StatusReason::HoldExpired) | None => {
            Viewer::Hotel
        }
    };
    body_of(decided, viewer)
}

fn body_of(decided: &Decided, viewer: Viewer) -> Vec<u8> {
    let nothing = Money::zero(decided.after.facts.price.total.currency());
    let outcome = match &decided.step {
        Step::Change(change) => change.cancellation,
        Step::Quiet(Quiet::AlreadyCancelled(outcome)) => Some(*outcome),
        Step::Quiet(_) | Step::AskProvider(_) => None,
    };
    let Cancellation { penalty, refund } =
        outcome.unwrap_or(Cancellation { penalty: nothing, refund: nothing });
    let money = view::money(&decided.after, Some(&decided.payment), refund);
    let booking = view::BookingView::of(&decided.after, money, viewer);
    serde_json::to_vec(&CancellationView { booking, penalty, refund }).unwrap_or_default()
}
