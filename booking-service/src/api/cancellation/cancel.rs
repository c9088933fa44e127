//! `POST /v1/bookings/{booking_id}/cancellation`

use booking_core::{
    Booking, Cancel, Cancellation, Command, Decided, Digest, IdempotencyKey, KeptAnswer, KeyHolder, Plan,
    Quiet, Refusal, Snapshot, Step, Wanted, cancel::Cancellable, decide, preview,
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
    api::{access, refusals},
    domain::fingerprint,
    parts::Shared,
    view,
};

/// A cancellation that was carried out.
#[derive(Serialize, ToSchema)]
#[schema(as = Cancellation)]
pub struct CancellationView {
    booking: view::BookingView,
    /// What is kept.
    penalty: Money,
    /// What goes back.
    refund: Money,
}

/// The operation.
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
struct Wish {
    id: BookingId,
    key: IdempotencyKey,
    command: Command,
    viewer: Viewer,
    user_id: domain::UserId,
}

async fn handle(shared: Shared, request: Request) -> Result<Answer, Problem> {
    let id = request.path("booking_id")?;
    let key = key(&request)?;
    let order = request.json::<CancellationRequest>()?.parse()?;
    let wanted = Wanted::booking(id).and_scope(key.scope);
    let snapshot = shared.desk.look(&wanted).await?;
    let Ok(found) = snapshot.booking(id) else { return purged(&shared, &request, &snapshot, id).await };
    let by = access::acts_as(&shared, request.caller(), &found.record).await?;
    let cancel = Cancel { by, accepted_penalty: order.accepted_penalty, note: order.note };
    let (command, viewer) = (Command::Cancel(cancel), view::viewer(by));
    let wish = Wish { id, key, command, viewer, user_id: request.caller().user_id };
    let ids = shared.desk.transition_ids();
    let answered =
        shared.desk.settle(&wanted, &|snapshot: &Snapshot| decide_on(&shared, snapshot, &wish, &ids)).await?;
    Ok(match answered {
        Answered::Now(body) => Answer::raw_json(200, body),
        Answered::Before(kept) => Answer::raw_json(kept.status, kept.body).replayed(),
    })
}

fn key(request: &Request) -> Result<IdempotencyKey, Problem> {
    let name = request.idempotency_key()?;
    let scope = fingerprint::scope(request.caller().user_id, request.operation_id(), name);
    let hash = fingerprint::of_request(request.path_text(), request.body_bytes());
    let hash = hash.map_err(|error| Problem::new(Code::MalformedJson).source(error))?;
    Ok(IdempotencyKey { scope: Digest::new(scope), hash: Digest::new(hash) })
}

/// A purged booking has ended for good: what its cancellation did, again; 404 if it was never theirs.
async fn purged(
    shared: &Shared,
    request: &Request,
    snapshot: &Snapshot,
    id: BookingId,
) -> Result<Answer, Problem> {
    let archived = view::purged(shared, snapshot, id).await?;
    let by = access::acts_as(shared, request.caller(), &archived).await?;
    let booking = snapshot.revive(&archived).ok_or_else(Problem::not_found)?;
    let told = preview(&booking, by, snapshot.now);
    if told.cancellable != Cancellable::AlreadyCancelled {
        return Err(refusals::problem(Refusal::NotCancellable));
    }
    let Cancellation { penalty, refund } = told.outcome;
    let money = view::money(&booking.record, Some(&booking.own_payment()), refund);
    let booking = view::booking(shared, &booking.record, money, view::viewer(by));
    Ok(Answer::json(200, &CancellationView { booking, penalty, refund }))
}

enum Answered {
    Now(Vec<u8>),
    Before(KeptAnswer),
}

fn decide_on(
    shared: &Shared,
    snapshot: &Snapshot,
    wish: &Wish,
    ids: &booking_core::TransitionIds,
) -> Result<(Answered, Plan), Refusal> {
    if let Some(used) = snapshot.keys.get(&wish.key.scope) {
        return match &used.holder {
            KeyHolder::Answer(kept) if used.hash == wish.key.hash => {
                Ok((Answered::Before(kept.clone()), Plan::default()))
            }
            KeyHolder::Answer(_) | KeyHolder::Booking(_) | KeyHolder::Purged(_) => {
                Err(Refusal::IdempotencyKeyReused)
            }
        };
    }
    let booking = snapshot.booking(wish.id)?;
    let decided = decide(snapshot, booking, &wish.command, ids, shared.desk.rules())?;
    let body = body(shared, booking, &decided, wish.viewer);
    // Only an answer with an effect is kept (domain.md, Idempotency).
    let plan = if decided.plan.is_empty() {
        Plan::default()
    } else {
        decided.plan.and_answer(kept(wish, body.clone()))
    };
    Ok((Answered::Now(body), plan))
}

fn kept(wish: &Wish, body: Vec<u8>) -> KeptAnswer {
    KeptAnswer {
        key: wish.key,
        operation_id: "cancel_booking".to_owned(),
        user_id: wish.user_id,
        booking_id: Some(wish.id),
        status: 200,
        etag: None,
        body,
    }
}

fn body(shared: &Shared, booking: &Booking, decided: &Decided, viewer: Viewer) -> Vec<u8> {
    let nothing = Money::zero(booking.record.facts.price.total.currency());
    let (payment, outcome) = match &decided.step {
        Step::Change(change) => (change.payments.first(), change.cancellation),
        Step::Quiet(Quiet::AlreadyCancelled(outcome)) => (None, Some(*outcome)),
        Step::Quiet(_) | Step::AskProvider(_) => (None, None),
    };
    let Cancellation { penalty, refund } =
        outcome.unwrap_or(Cancellation { penalty: nothing, refund: nothing });
    let payment = payment.cloned().unwrap_or_else(|| booking.own_payment());
    let money = view::money(&decided.after, Some(&payment), refund);
    let booking = view::booking(shared, &decided.after, money, viewer);
    serde_json::to_vec(&CancellationView { booking, penalty, refund }).unwrap_or_default()
}
