//! `POST /v1/bookings/{booking_id}/cancellation`

use booking_core::{
    Booking, Cancel, Cancellation, Command, Decided, IdempotencyKey, KeptAnswer, KeyHolder, Plan, Quiet,
    Refusal, Snapshot, Step, Wanted, decide,
};
use domain::{BookingId, Money};
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

/// One request to cancel.
struct Order {
    id: BookingId,
    key: IdempotencyKey,
    command: Command,
    viewer: Viewer,
    user_id: domain::UserId,
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let id = request.path("booking_id")?;
    let key = key::of(&request)?;
    let body = request.json::<CancellationRequest>()?.parse()?;
    let _turn = shared.in_flight.turn(key.scope).await?;
    let found = shared.bookings.find(id).await?;
    let by = access::acts_as(&shared, request.caller(), &found.booking.record).await?;
    let actor = access::actor(request.caller(), by);
    let cancel = Cancel { actor, by, accepted_penalty: body.accepted_penalty, note: body.note };
    let (command, viewer) = (Command::Cancel(cancel), view::viewer(by));
    let order = Order { id, key, command, viewer, user_id: request.caller().user_id };
    let ids = shared.bookings.transition_ids();
    let decide = |snapshot: &Snapshot, booking: &Booking| decide_on(&shared, snapshot, booking, &order, &ids);
    let answered = shared.bookings.settle_on(&Wanted::booking(id).and_scope(key.scope), id, &decide).await?;
    Ok(match answered {
        Answered::Now(body) => Answer::raw_json(200, body),
        Answered::Before(kept) => Answer::raw_json(kept.status, kept.body).replayed(),
    })
}

enum Answered {
    Now(Vec<u8>),
    Before(KeptAnswer),
}

fn decide_on(
    shared: &Shared,
    snapshot: &Snapshot,
    booking: &Booking,
    order: &Order,
    ids: &booking_core::TransitionIds,
) -> Result<(Answered, Plan), Refusal> {
    if let Some(used) = snapshot.keys.get(&order.key.scope) {
        return match &used.holder {
            KeyHolder::Answer(kept) if used.hash == order.key.hash => {
                Ok((Answered::Before(kept.clone()), Plan::default()))
            }
            KeyHolder::Answer(_) | KeyHolder::Booking(_) | KeyHolder::Purged(_) => {
                Err(Refusal::IdempotencyKeyReused)
            }
        };
    }
    let decided = decide(snapshot, booking, &order.command, ids, shared.bookings.rules())?;
    let body = body(booking, &decided, order.viewer);
    // Only an answer with an effect is kept (domain.md, Idempotency).
    let plan = if decided.plan.is_empty() {
        Plan::default()
    } else {
        decided.plan.and_answer(kept(order, body.clone()))
    };
    Ok((Answered::Now(body), plan))
}

fn kept(order: &Order, body: Vec<u8>) -> KeptAnswer {
    KeptAnswer {
        key: order.key,
        operation_id: "cancel_booking".to_owned(),
        user_id: order.user_id,
        booking_id: order.id,
        status: 200,
        etag: None,
        body,
    }
}

fn body(booking: &Booking, decided: &Decided, viewer: Viewer) -> Vec<u8> {
    let nothing = Money::zero(booking.record.facts.price.total.currency());
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
