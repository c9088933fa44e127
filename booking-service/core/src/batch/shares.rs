//! What a work shares with others of its batch: of a room the nights.

use std::collections::BTreeSet;

use domain::{RoomId, StayDates};

use crate::{
    snapshot::Snapshot,
    work::{Claim, Task, Work},
};

/// What the work claims, with the nights of its stay in place of whole rooms.
pub(super) fn shares(work: &Work, snapshot: &Snapshot) -> BTreeSet<Claim> {
    let claims = work.claims_in(snapshot);
    let rooms: Vec<RoomId> = claims.iter().filter_map(room).collect();
    let nights = dates(work, snapshot).into_iter().flat_map(StayDates::nights);
    let nights = nights.flat_map(|date| rooms.iter().map(move |room| Claim::Night((*room, date))));
    claims.iter().filter(|claim| room(claim).is_none()).cloned().chain(nights).collect()
}

fn dates(work: &Work, snapshot: &Snapshot) -> Option<StayDates> {
    match &work.task {
        Task::Book(request, _) => Some(request.stay.dates()),
        Task::Command(order) => snapshot.bookings.get(&order.booking_id).map(|booking| booking.record.dates),
    }
}

const fn room(claim: &Claim) -> Option<RoomId> {
    match claim {
        Claim::Room(room) => Some(*room),
        Claim::Booking(_)
        | Claim::Scope(_)
        | Claim::Reference(..)
        | Claim::Holds(_)
        | Claim::Numbers(_)
        | Claim::Night(_) => None,
    }
}
