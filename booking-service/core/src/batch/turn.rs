//! What one work of a batch comes to.

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
    night::RoomNight,
    plan::Plan,
    planted::{self, Mistake},
    refusal::Refusal,
    snapshot::{Snapshot, Unreadable},
    step::{RoomsMove, Step},
    work::{Deciding, KeepAnswer, Need, Order, Outcome, Task, Work},
};

/// What one work comes to and writes, or what it waits for.
pub(super) type Turn = Result<(Outcome, Plan), Need>;

/// What a work is decided on.
struct On<'a> {
    snapshot: &'a Snapshot,
    by: &'a Deciding<'a>,
    /// Nights of which works before it have taken.
    taken: &'a BTreeSet<RoomNight>,
}

/// What the work comes to behind those that have taken of these nights.
pub(super) fn of(
    snapshot: &mut Snapshot,
    work: &Work,
    by: &Deciding<'_>,
    taken: &BTreeSet<RoomNight>,
) -> Turn {
    match &work.task {
        Task::Book(request, id) => On { snapshot, by, taken }.book(request, *id),
        Task::Command(order) => {
            if let Some(answer) = order.keep.as_ref().and_then(|keep| kept_before(snapshot, keep)) {
                return Ok((answer, Plan::default()));
            }
            revive(snapshot, order)?;
            On { snapshot, by, taken }.command(order)
        }
    }
}

impl On<'_> {
    fn book(&self, request: &Request, id: BookingId) -> Turn {
        let snapshot = self.snapshot;
        let holder = snapshot.keys.get(&request.key.scope).map(|used| &used.holder);
        if let Some(KeyHolder::Booking(id)) = holder
            && let Some(unreadable) = unreadable(snapshot, [Unreadable::Booking(*id)])
        {
            return Ok(unreadable);
        }
        match create(snapshot, request, id, self.by.rules) {
            Ok((_, plan)) if plan.nights.keys().any(|at| !snapshot.nights.contains_key(at)) => {
                Err(Need::Fresh)
            }
            Ok((created, plan)) => Ok((Outcome::Created(created), plan)),
            Err(refusal) if refusal.rests_on_rooms() => self.refused_for_rooms(request, refusal),
            // The booking that has the key was purged between two reads: the next read finds the key there.
            Err(Refusal::UnknownBooking(_)) => Err(Need::Fresh),
            Err(refusal) => Ok((Outcome::Refused(refusal), Plan::default())),
        }
    }

    /// Only what was read says no, and only what could be.
    fn refused_for_rooms(&self, request: &Request, refusal: Refusal) -> Turn {
        let rooms = request.stay.units().into_keys().map(Unreadable::Room);
        let places = rooms.chain([Unreadable::Hotel(request.stay.hotel_id())]);
        if let Some(unreadable) = unreadable(self.snapshot, places) {
            return Ok(unreadable);
        }
        let is_known = !self.remembers(request) && !self.took_what_is_short(&refusal);
        if is_known || planted::makes(Mistake::RefusalFromMemory) {
            return Ok((Outcome::Refused(refusal), Plan::default()));
        }
        Err(Need::Fresh)
    }

    fn remembers(&self, request: &Request) -> bool {
        let remembered = &self.snapshot.remembered;
        remembered.hotels.contains(&request.stay.hotel_id())
            || request.stay.lines().iter().any(|line| remembered.rooms.contains(&line.room_id))
    }

    /// Whether works before it have taken of a night that is too full for it.
    fn took_what_is_short(&self, refusal: &Refusal) -> bool {
        let Refusal::SoldOut(short) = refusal else { return false };
        short.iter().any(|night| self.taken.contains(&(night.room_id, night.date)))
    }

    fn command(&self, order: &Order) -> Turn {
        match find(self.snapshot, order) {
            Ok(booking) => self.carry_out(booking, order),
            Err(outcome) => Ok((outcome, Plan::default())),
        }
    }

    fn carry_out(&self, booking: &Booking, order: &Order) -> Turn {
        let snapshot = self.snapshot;
        // Its rooms are to be read, unless that has shown that one of them cannot be.
        let without_rooms = || {
            let rooms = booking.units().into_keys().map(Unreadable::Room);
            unreadable(snapshot, rooms).ok_or(Need::Fresh)
        };
        if self.hangs_on_rooms(booking, order) {
            return without_rooms();
        }
        let (decided, mut plan) = match decide(snapshot, booking, &order.command, &order.ids, self.by.rules) {
            Ok(decided) => decided,
            Err(refusal) => return Ok((Outcome::Refused(refusal), Plan::default())),
        };
        if !knows_rooms(snapshot, booking, &decided.step) {
            return without_rooms();
        }
        // Only an answer with an effect is kept (domain.md, Idempotency).
        if let Some(keep) = order.keep.as_ref().filter(|_| !plan.is_empty()) {
            plan = plan.and_answer(kept(keep, booking, (self.by.body)(booking, &decided)));
        }
        if let Some(told) = &order.told {
            let (hotel_id, outcome) = (Some(booking.record.hotel_id), decided.outcome());
            plan = plan.and_payment_event(PaymentEvent { hotel_id, outcome, ..told.clone() });
        }
        Ok((Outcome::Decided(Box::new(decided)), plan))
    }

    /// Whether it would come to something else if the booking's rooms were free, and they may be: money is not sent back, nor
    /// an operator refused, because of what is only remembered.
    fn hangs_on_rooms(&self, booking: &Booking, order: &Order) -> bool {
        if booking.home == Home::Purged || booking.units().keys().all(|room| self.is_read(booking, room)) {
            return false;
        }
        let context = decide::context(self.snapshot, booking, &order.ids, self.by.rules);
        let free = Context { rooms_free: true, ..context };
        !context.rooms_free
            && apply(booking, &order.command, &context) != apply(booking, &order.command, &free)
    }

    /// Whether the room was read for this batch, and nothing was taken since of the booking's nights.
    fn is_read(&self, booking: &Booking, room: &RoomId) -> bool {
        let mut nights = booking.record.dates.nights();
        self.snapshot.rooms.contains_key(room)
            && !self.snapshot.remembered.rooms.contains(room)
            && !nights.any(|date| self.taken.contains(&(*room, date)))
    }
}

/// What becomes of a work that needs one of these, if one does not parse.
fn unreadable(snapshot: &Snapshot, needed: impl IntoIterator<Item = Unreadable>) -> Option<(Outcome, Plan)> {
    let row = needed.into_iter().find(|row| snapshot.unreadable.contains(row))?;
    Some((Outcome::Unreadable(row), Plan::default()))
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

fn kept(keep: &KeepAnswer, booking: &Booking, body: Vec<u8>) -> KeptAnswer {
    KeptAnswer {
        key: keep.key,
        operation_id: keep.operation_id.clone(),
        user_id: keep.user_id,
        booking_id: booking.record.booking_id,
        hotel_id: booking.record.hotel_id,
        status: 200,
        etag: None,
        body,
    }
}
