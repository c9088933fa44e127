//! A work: one thing to be decided and written, as it crosses a mailbox and may be decided again with the same ids.

use std::{collections::BTreeSet, sync::Arc};

use domain::{BookingId, ClientReference, HotelId, PaymentId, RoomId, UserId, booking::BookingRecord};

use crate::{
    booking::Booking,
    command::Command,
    create::{Created, Request},
    decide::Decided,
    idempotency::{Digest, IdempotencyKey, KeptAnswer},
    money_moves::PaymentEvent,
    night::RoomNight,
    refusal::Refusal,
    rules::Rules,
    snapshot::{Snapshot, Unreadable, Wanted},
    step::TransitionIds,
};

/// One thing to be decided and written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The hotel it is about.
    pub hotel_id: HotelId,
    /// What to do.
    pub task: Task,
}

/// What a work does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Makes a booking of that id, made once by the caller, so that a second run makes the same.
    Book(Box<Request>, BookingId),
    /// Carries a command out.
    Command(Box<Order>),
}

/// A command on a booking, and what is written with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The booking.
    pub booking_id: BookingId,
    /// What arrives at it.
    pub command: Command,
    /// Ids for what it makes.
    pub ids: TransitionIds,
    /// The payment it is about, which must be the booking's own.
    pub payment: Option<PaymentId>,
    /// Under which key its answer is kept.
    pub keep: Option<KeepAnswer>,
    /// The provider's words that brought it, kept with what became of them.
    pub told: Option<PaymentEvent>,
    /// The booking's record from the archive, once a run has said that it was purged.
    pub archived: Option<Arc<BookingRecord>>,
}

/// Under which key an answer is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepAnswer {
    /// The key.
    pub key: IdempotencyKey,
    /// The operation, such as `cancel_booking`.
    pub operation_id: String,
    /// Whose key it is.
    pub user_id: UserId,
}

/// What a work came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A booking, made now or before.
    Created(Created),
    /// The command was carried out.
    Decided(Box<Decided>),
    /// The key has carried it out before.
    Kept(Box<KeptAnswer>),
    /// The rules say no.
    Refused(Refusal),
    /// Not decided yet.
    Again(Need),
    /// The booking, or the hotel or a room it needs, is stored, but does not parse.
    Unreadable(Unreadable),
}

/// What an undecided work waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// That what it collides with is written.
    Turn,
    /// That its hotel, rooms and nights are read.
    Fresh,
    /// That what the works before it have taken of its nights is written, and that its rooms are read then.
    Written,
    /// The record of its booking, which was purged.
    Archive(BookingId),
}

/// What works are decided by.
#[derive(Clone, Copy)]
pub struct Deciding<'a> {
    /// The settings.
    pub rules: &'a Rules,
    /// The body of an answer that is kept.
    pub body: &'a (dyn Fn(&Booking, &Decided) -> Vec<u8> + Sync),
}

/// Something that a work reads or writes and others may, too. Works that share none of these can change places.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// A booking with its money.
    Booking(BookingId),
    /// An idempotency key.
    Scope(Digest),
    /// A caller's own name for a booking.
    Reference(UserId, ClientReference),
    /// How many open holds a caller has.
    Holds(UserId),
    /// The numbers of a hotel's papers.
    Numbers(HotelId),
    /// A room with its nights.
    Room(RoomId),
    /// One night of a room. Works claim whole rooms; but works of one batch share nights, and it is nights that others hold
    /// locked.
    Night(RoomNight),
}

impl Work {
    /// Whether it gives papers their numbers.
    pub(crate) fn gives_numbers(&self) -> bool {
        matches!(&self.task, Task::Command(order) if order.command == Command::NumberPapers)
    }

    /// What it needs to know.
    pub fn wanted(&self) -> Wanted {
        match &self.task {
            Task::Book(request, _) => request.wanted(),
            Task::Command(order) => {
                let mut wanted = Wanted::command(order.booking_id, &order.command);
                wanted.scopes.extend(order.keep.iter().map(|keep| keep.key.scope));
                wanted
            }
        }
    }

    /// What it reads or writes, as far as it says so itself: the rooms of a booking are known once that is read.
    pub fn claims(&self) -> BTreeSet<Claim> {
        match &self.task {
            Task::Book(request, id) => booking_claims(request, *id),
            Task::Command(order) => {
                let mut claims = BTreeSet::from([Claim::Booking(order.booking_id)]);
                claims.extend(order.keep.iter().map(|keep| Claim::Scope(keep.key.scope)));
                claims.extend(order.command.needs_series().then_some(Claim::Numbers(self.hotel_id)));
                claims
            }
        }
    }

    /// What it reads or writes, with what the snapshot says of its booking.
    pub fn claims_in(&self, snapshot: &Snapshot) -> BTreeSet<Claim> {
        let mut claims = self.claims();
        if let Task::Command(order) = &self.task
            && order.command.may_move_rooms()
            && let Some(booking) = snapshot.bookings.get(&order.booking_id)
        {
            claims.insert(Claim::Holds(booking.record.user_id));
            claims.extend(booking.units().into_keys().map(Claim::Room));
        }
        claims
    }
}

fn booking_claims(request: &Request, id: BookingId) -> BTreeSet<Claim> {
    let mut claims: BTreeSet<_> = request.stay.units().into_keys().map(Claim::Room).collect();
    claims.insert(Claim::Booking(id));
    claims.insert(Claim::Scope(request.key.scope));
    if request.counts_holds() {
        claims.insert(Claim::Holds(request.user_id));
    }
    let reference = request.client_reference.clone();
    claims.extend(reference.map(|name| Claim::Reference(request.user_id, name)));
    claims
}
