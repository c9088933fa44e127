//! The guards of a plan, in the order in which a store checks them.

use std::collections::BTreeSet;

use domain::{BookingId, booking::BookingStatus};

use crate::{
    booking::{Booking, Home},
    invoice::SeriesStep,
    money_moves::{Payment, Refund, RefundStatus, Void, VoidStatus},
    night::{NightDelta, RoomNight},
    plan::{Move, NewBooking, PaymentWrite, Plan},
    snapshot::Snapshot,
};

/// What moved since a plan was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// A key was used, or an id.
    Key,
    /// A client reference was used.
    Reference,
    /// A booking has another status or version.
    Booking,
    /// A payment, refund or void stands elsewhere.
    Money,
    /// More would go back than was captured: no race, a defect of the rules.
    Overdrawn,
    /// A paper or a series has gone on.
    Papers,
    /// A room's stock has changed.
    Stock,
    /// A night has too few units, or too few sold ones, or no row yet.
    Night,
}

/// The first guard of the plan that misses.
pub(super) fn missed(rows: &Snapshot, plan: &Plan) -> Option<Guard> {
    let checks = [keys, references, moves, payments, owed, papers, stock, nights];
    checks.iter().find_map(|check| check(rows, plan))
}

fn keys(rows: &Snapshot, plan: &Plan) -> Option<Guard> {
    let scopes = plan.answers.iter().map(|answer| answer.key.scope);
    let scopes = scopes.chain(plan.bookings.iter().map(|new| new.key.scope));
    let mut seen = BTreeSet::new();
    let mut used = scopes.filter(|scope| rows.keys.contains_key(scope) || !seen.insert(*scope));
    let there = |new: &NewBooking| rows.bookings.contains_key(&new.record.booking_id);
    (used.next().is_some() || plan.bookings.iter().any(there)).then_some(Guard::Key)
}

fn references(rows: &Snapshot, plan: &Plan) -> Option<Guard> {
    let name = |new: &NewBooking| Some((new.record.user_id, new.record.client_reference.clone()?));
    let mut seen = BTreeSet::new();
    let mut names = plan.bookings.iter().filter_map(name);
    names.any(|name| rows.references.contains_key(&name) || !seen.insert(name)).then_some(Guard::Reference)
}

fn moves(rows: &Snapshot, plan: &Plan) -> Option<Guard> {
    let stands = |step: &Move| now(rows, step) == Some((step.from_status, step.from_version));
    let mut seen = BTreeSet::new();
    let once = |step: &&Move| !seen.insert(step.booking_id) || !stands(step);
    plan.moves.iter().find(once).map(|_| Guard::Booking)
}

fn now(rows: &Snapshot, step: &Move) -> Option<(BookingStatus, i64)> {
    match step.home {
        Home::Active => {
            let record = &rows.bookings.get(&step.booking_id)?.record;
            Some((record.status, record.version))
        }
        Home::Purged => {
            let purged = rows.purged.get(&step.booking_id)?;
            Some((purged.status, purged.version))
        }
    }
}

fn payments(rows: &Snapshot, plan: &Plan) -> Option<Guard> {
    plan.payments.iter().find_map(|write| payment(rows, write))
}

fn payment(rows: &Snapshot, write: &PaymentWrite) -> Option<Guard> {
    if write.after.refunded.amount() > write.after.captured.amount() {
        return Some(Guard::Overdrawn);
    }
    let active = rows.bookings.get(&write.booking_id).map(|booking| &booking.payments);
    let all = active.or_else(|| rows.purged_money.get(&write.booking_id).map(|money| &money.payments));
    let stored = all.and_then(|all| all.iter().find(|row| row.payment_id == write.after.payment_id));
    let stands = |row: &Payment| {
        write.before.is_some_and(|guard| (row.status, row.refunded) == (guard.status, guard.refunded))
    };
    let meets = stored.map_or(write.before.is_none(), stands);
    (!meets).then_some(Guard::Money)
}

fn owed(rows: &Snapshot, plan: &Plan) -> Option<Guard> {
    let refund_owed = |id| {
        let mut all = plan.moves.iter().flat_map(|step| owed_by(rows, step.booking_id).0);
        all.any(|refund| refund.refund_id == id && refund.status == RefundStatus::Owed)
    };
    let void_owed = |id| {
        let mut all = plan.moves.iter().flat_map(|step| owed_by(rows, step.booking_id).1);
        all.any(|void| void.void_id == id && void.status == VoidStatus::Owed)
    };
    let refunds = plan.refunds_confirmed.iter().all(|id| refund_owed(*id));
    let voids = plan.voids_settled.iter().all(|(id, _)| void_owed(*id));
    (!refunds || !voids).then_some(Guard::Money)
}

/// A booking's refunds and voids, which stay when it is purged.
fn owed_by(rows: &Snapshot, id: BookingId) -> (&[Refund], &[Void]) {
    let active = rows.bookings.get(&id).map(|booking| (&booking.refunds[..], &booking.voids[..]));
    let purged = || rows.purged_money.get(&id).map(|money| (&money.refunds[..], &money.voids[..]));
    active.or_else(purged).unwrap_or_default()
}

fn papers(rows: &Snapshot, plan: &Plan) -> Option<Guard> {
    let invoiced = |booking: &Booking| booking.invoice.is_some();
    let twice = |id| rows.bookings.get(&id).is_some_and(invoiced);
    if plan.invoices.iter().any(|new| twice(new.record.booking_id)) {
        return Some(Guard::Papers);
    }
    let mut series = rows.series.clone();
    let gap = |step: &&SeriesStep| {
        let last = series.insert(step.series, step.ordinal).unwrap_or(0);
        last.checked_add(1) != Some(step.ordinal)
    };
    plan.numbered.iter().find(gap).map(|_| Guard::Papers)
}

fn stock(rows: &Snapshot, plan: &Plan) -> Option<Guard> {
    let version = |room| rows.rooms.get(room).map(|stock| stock.stock_version);
    let other = |(room, relied)| version(room) != Some(relied);
    plan.stock.iter().map(|(room, relied)| (room, *relied)).any(other).then_some(Guard::Stock)
}

/// The plan's rooms have the quantity that was relied on, so a night without a row is as untouched as it was then.
fn nights(rows: &Snapshot, plan: &Plan) -> Option<Guard> {
    let fits = |((room, date), delta): (&RoomNight, &NightDelta)| {
        let back = rows.night(*room, *date).give_back(delta.given_back, delta.room_quantity);
        back.and_then(|night| night.take(delta.taken)).is_some()
    };
    (!plan.nights.iter().all(fits)).then_some(Guard::Night)
}
