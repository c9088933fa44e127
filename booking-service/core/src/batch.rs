//! Many works decided one after the other, as one plan: each on what the ones before it left.

use std::collections::BTreeSet;

use domain::{BookingId, RoomId};

use crate::{
    apply::apply,
    booking::{Booking, Home},
    context::Context,
    create::{Request, create},
    decide::{self, decide},
    idempotency::{KeptAnswer, KeyHolder},
    money_moves::PaymentEvent,
    plan::Plan,
    planted::{self, Mistake},
    refusal::Refusal,
    snapshot::{Snapshot, Unreadable},
    step::{RoomsMove, Step},
    work::{Claim, Deciding, KeepAnswer, Need, Order, Outcome, Task, Work},
};

/// Decides the works in their order and leaves the snapshot as it is once the plan was written. One outcome per work.
///
/// Any cut of a list of works into batches makes the same world as one by one, if those that are [`Outcome::Again`] are
/// decided before later ones. For that
/// * a booking is changed once: the plan's guards name one version of it. The second change waits;
/// * what says no because of a remembered hotel or room, or moves rooms that were not read, waits for them to be read. What is
///   left of a room behind a work of the same batch is not known before that is written: somebody else may give back in
///   between, and a no must have been true at some moment;
/// * who shares anything with a work that waits, waits behind it.
pub fn batch<'a>(
    snapshot: &mut Snapshot,
    works: impl IntoIterator<Item = &'a Work>,
    by: &Deciding<'_>,
) -> (Vec<Outcome>, Plan) {
    let mut batch = Batch::default();
    let outcomes = works.into_iter().map(|work| batch.take(snapshot, work, by)).collect();
    (outcomes, batch.plan)
}

#[derive(Default)]
struct Batch {
    plan: Plan,
    changed: BTreeSet<BookingId>,
    waited_for: BTreeSet<Claim>,
    /// Rooms of which a work of this batch has taken.
    taken: BTreeSet<Claim>,
}

/// What one work comes to and writes, or what it waits for.
type Turn = Result<(Outcome, Plan), Need>;

impl Batch {
    fn take(&mut self, snapshot: &mut Snapshot, work: &Work, by: &Deciding<'_>) -> Outcome {
        let claims = work.claims_in(snapshot);
        let turn =
            if self.waited_for.is_disjoint(&claims) { on(snapshot, work, by) } else { Err(Need::Turn) };
        match turn.and_then(|(outcome, plan)| self.first_change(outcome, plan)) {
            Ok((outcome, plan)) => {
                snapshot.advance(&plan);
                self.takes(snapshot, &plan);
                self.changed.extend(plan.moves.iter().map(|step| step.booking_id));
                self.changed.extend(plan.bookings.iter().map(|new| new.record.booking_id));
                self.plan.absorb(plan);
                outcome
            }
            Err(need) => {
                let need = if need == Need::Fresh && !self.taken.is_disjoint(&claims) {
                    Need::Written
                } else {
                    need
                };
                self.waited_for.extend(claims);
                Outcome::Again(need)
            }
        }
    }

    /// Others may have given back since the rooms were read: what is left of them is only known once this is written.
    fn takes(&mut self, snapshot: &mut Snapshot, plan: &Plan) {
        let rooms = plan.nights.iter().filter(|(_, delta)| delta.taken > 0).map(|((room, _), _)| *room);
        for room in rooms {
            snapshot.remembered.rooms.insert(room);
            self.taken.insert(Claim::Room(room));
        }
    }

    fn first_change(&self, outcome: Outcome, plan: Plan) -> Turn {
        let again = plan.moves.iter().any(|step| self.changed.contains(&step.booking_id));
        if again { Err(Need::Turn) } else { Ok((outcome, plan)) }
    }
}

fn on(snapshot: &mut Snapshot, work: &Work, by: &Deciding<'_>) -> Turn {
    match &work.task {
        Task::Book(request, id) => book(snapshot, request, *id, by),
        Task::Command(order) => {
            if let Some(answer) = order.keep.as_ref().and_then(|keep| kept_before(snapshot, keep)) {
                return Ok((answer, Plan::default()));
            }
            revive(snapshot, order)?;
            match find(snapshot, order) {
                Ok(booking) => carry_out(snapshot, booking, order, by),
                Err(outcome) => Ok((outcome, Plan::default())),
            }
        }
    }
}

fn book(snapshot: &Snapshot, request: &Request, id: BookingId, by: &Deciding<'_>) -> Turn {
    let holder = snapshot.keys.get(&request.key.scope).map(|used| &used.holder);
    if let Some(KeyHolder::Booking(id)) = holder
        && let Some(unreadable) = unreadable(snapshot, [Unreadable::Booking(*id)])
    {
        return Ok(unreadable);
    }
    match create(snapshot, request, id, by.rules) {
        Ok((_, plan)) if plan.nights.keys().any(|at| !snapshot.nights.contains_key(at)) => Err(Need::Fresh),
        Ok((created, plan)) => Ok((Outcome::Created(created), plan)),
        Err(refusal) if refusal.rests_on_rooms() => refused_for_rooms(snapshot, request, refusal),
        // The booking that has the key was purged between two reads: the next read finds the key there.
        Err(Refusal::UnknownBooking(_)) => Err(Need::Fresh),
        Err(refusal) => Ok((Outcome::Refused(refusal), Plan::default())),
    }
}

/// Only what was read says no, and only what could be.
fn refused_for_rooms(snapshot: &Snapshot, request: &Request, refusal: Refusal) -> Turn {
    let rooms = request.stay.units().into_keys().map(Unreadable::Room);
    let places = rooms.chain([Unreadable::Hotel(request.stay.hotel_id())]);
    if let Some(unreadable) = unreadable(snapshot, places) {
        return Ok(unreadable);
    }
    if remembers(snapshot, request) && !planted::makes(Mistake::RefusalFromMemory) {
        return Err(Need::Fresh);
    }
    Ok((Outcome::Refused(refusal), Plan::default()))
}

/// What becomes of a work that needs one of these, if one does not parse.
fn unreadable(snapshot: &Snapshot, needed: impl IntoIterator<Item = Unreadable>) -> Option<(Outcome, Plan)> {
    let row = needed.into_iter().find(|row| snapshot.unreadable.contains(row))?;
    Some((Outcome::Unreadable(row), Plan::default()))
}

fn remembers(snapshot: &Snapshot, request: &Request) -> bool {
    snapshot.remembered.hotels.contains(&request.stay.hotel_id())
        || request.stay.lines().iter().any(|line| snapshot.remembered.rooms.contains(&line.room_id))
}

/// The answer that the key has kept, if it was used.
fn kept_before(snapshot: &Snapshot, keep: &KeepAnswer) -> Option<Outcome> {
    let used = snapshot.keys.get(&keep.key.scope)?;
    Some(match &used.holder {
        KeyHolder::Answer(answer) if used.hash == keep.key.hash => Outcome::Kept(Box::new(answer.clone())),
        KeyHolder::Answer(_) | KeyHolder::Booking(_) | KeyHolder::Purged(_) => {
            Outcome::Refused(Refusal::IdempotencyKeyReused)
        }
    })
}

/// Puts a purged booking into the snapshot with the record that the order brings, so that later works of the batch find it
/// as this one leaves it.
fn revive(snapshot: &mut Snapshot, order: &Order) -> Result<(), Need> {
    let id = order.booking_id;
    if !snapshot.bookings.contains_key(&id) && snapshot.purged.contains_key(&id) {
        let record = order.archived.as_ref().ok_or(Need::Archive(id))?;
        let revived = snapshot.revive(record).map(|booking| (id, booking));
        snapshot.bookings.extend(revived);
    }
    Ok(())
}

/// The booking of a command, or what becomes of the command without one.
fn find<'a>(snapshot: &'a Snapshot, order: &Order) -> Result<&'a Booking, Outcome> {
    let id = order.booking_id;
    if let Some((outcome, _)) = unreadable(snapshot, [Unreadable::Booking(id)]) {
        return Err(outcome);
    }
    let own =
        |booking: &&Booking| order.payment.is_none_or(|payment| payment == booking.record.facts.payment_id);
    snapshot.bookings.get(&id).filter(own).ok_or(Outcome::Refused(Refusal::UnknownBooking(id)))
}

fn carry_out(snapshot: &Snapshot, booking: &Booking, order: &Order, by: &Deciding<'_>) -> Turn {
    // Its rooms are to be read, unless that has shown that one of them cannot be.
    let without_rooms = || {
        let rooms = booking.units().into_keys().map(Unreadable::Room);
        unreadable(snapshot, rooms).ok_or(Need::Fresh)
    };
    if hangs_on_rooms(snapshot, booking, order, by) {
        return without_rooms();
    }
    let (decided, mut plan) = match decide(snapshot, booking, &order.command, &order.ids, by.rules) {
        Ok(decided) => decided,
        Err(refusal) => return Ok((Outcome::Refused(refusal), Plan::default())),
    };
    if !knows_rooms(snapshot, booking, &decided.step) {
        return without_rooms();
    }
    // Only an answer with an effect is kept (domain.md, Idempotency).
    if let Some(keep) = order.keep.as_ref().filter(|_| !plan.is_empty()) {
        plan = plan.and_answer(kept(keep, order.booking_id, (by.body)(booking, &decided)));
    }
    if let Some(told) = &order.told {
        plan = plan.and_payment_event(PaymentEvent { outcome: decided.outcome(), ..told.clone() });
    }
    Ok((Outcome::Decided(Box::new(decided)), plan))
}

/// Whether it would come to something else if the booking's rooms were free, and they may be: money is not sent back, nor an
/// operator refused, because of what is only remembered.
fn hangs_on_rooms(snapshot: &Snapshot, booking: &Booking, order: &Order, by: &Deciding<'_>) -> bool {
    let known =
        |room: &RoomId| snapshot.rooms.contains_key(room) && !snapshot.remembered.rooms.contains(room);
    if booking.home == Home::Purged || booking.units().keys().all(known) {
        return false;
    }
    let context = decide::context(snapshot, booking, &order.ids, by.rules);
    let free = Context { rooms_free: true, ..context };
    !context.rooms_free && apply(booking, &order.command, &context) != apply(booking, &order.command, &free)
}

/// Whether the snapshot has all rooms and nights that the step moves.
fn knows_rooms(snapshot: &Snapshot, booking: &Booking, step: &Step) -> bool {
    let moved = match step {
        Step::Change(change) => change.rooms != RoomsMove::Stay,
        Step::Quiet(_) | Step::AskProvider(_) => false,
    };
    let today = booking.record.hotel_today(snapshot.now);
    let known = |room: &RoomId| {
        let mut dates = booking.record.dates.nights().filter(|date| *date >= today);
        snapshot.rooms.contains_key(room) && dates.all(|date| snapshot.nights.contains_key(&(*room, date)))
    };
    !moved || booking.units().keys().all(known)
}

fn kept(keep: &KeepAnswer, booking: BookingId, body: Vec<u8>) -> KeptAnswer {
    KeptAnswer {
        key: keep.key,
        operation_id: keep.operation_id.clone(),
        user_id: keep.user_id,
        booking_id: booking,
        status: 200,
        etag: None,
        body,
    }
}
