//! When each booking holds its units: for certain, and possibly. Between the two lies what a history cannot tell.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use uuid::Uuid;

use super::known::{Asked, Done, Known};
use crate::faults::{
    history::{End, Micros},
    snapshot::{Logged, Snapshot},
};

/// A decision is committed within 10 s or never; the rest is for clocks that are read before.
const COMMITTED_WITHIN: Micros = 15_000_000;

/// A payment page that somebody has tried and not paid at ends by itself so long before the hold, which ends with it.
const SESSION_ENDS_BEFORE: Micros = 61_000_000;

/// A room-night.
pub(super) type At = (Uuid, NaiveDate);

/// So many units from then to then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Micros,
    pub(super) to: Micros,
    pub(super) quantity: u64,
}

#[derive(Debug, Default)]
pub(super) struct Spans {
    pub(super) certain: BTreeMap<At, Vec<Span>>,
    pub(super) possible: BTreeMap<At, Vec<Span>>,
}

impl Spans {
    pub(super) fn of(known: &Known<'_>, snapshot: &Snapshot) -> Self {
        let mut logged: BTreeMap<Uuid, Vec<&Logged>> = BTreeMap::new();
        for entry in &snapshot.history {
            logged.entry(entry.booking_id).or_default().push(entry);
        }
        let mut spans = Self::default();
        for asked in &known.asked {
            let history = asked.stored.and_then(|id| logged.get(&id)).map_or(&[][..], Vec::as_slice);
            if let Some((from, to)) = certain(known, asked, history) {
                put(&mut spans.certain, asked, from, to);
            }
            if let Some((from, to)) = possible(known, asked, history, snapshot) {
                put(&mut spans.possible, asked, from, to);
            }
        }
        spans
    }
}

fn put(into: &mut BTreeMap<At, Vec<Span>>, asked: &Asked<'_>, from: Micros, to: Micros) {
    for units in asked.units {
        let span = Span { from, to, quantity: units.quantity.into() };
        into.entry((units.room_id, units.night)).or_default().push(span);
    }
}

/// From its acknowledgement to the first moment at which anything may have ended it.
fn certain(known: &Known<'_>, asked: &Asked<'_>, history: &[&Logged]) -> Option<(Micros, Micros)> {
    let (made, from) = asked.made()?;
    let of = |all: &BTreeMap<Uuid, Vec<Done<'_>>>, how: &str| {
        let done = all.get(&made.booking_id).map_or(&[][..], Vec::as_slice);
        done.iter().filter(|done| done.how == how).map(|done| done.invoke).min().unwrap_or(Micros::MAX)
    };
    let paid = history.first().is_some_and(|first| first.to == "BOOKED");
    let tried = known.pays.contains_key(&made.booking_id);
    let early = if tried { SESSION_ENDS_BEFORE } else { 0 };
    let hold = known.clock.earliest(made.hold_expires_at.saturating_sub(early));
    let hold = if paid { Micros::MAX } else { hold };
    let to = of(&known.cancels, "").min(of(&known.pays, "fail")).min(hold);
    (from < to).then_some((from, to))
}

/// From when it was first asked for until it has ended for certain; what the stores do not have never was.
fn possible(
    known: &Known<'_>,
    asked: &Asked<'_>,
    history: &[&Logged],
    snapshot: &Snapshot,
) -> Option<(Micros, Micros)> {
    let id = asked.stored?;
    let booking = snapshot.bookings.get(&id)?;
    if booking.status != "CANCELLED" {
        return Some((asked.invoke(), Micros::MAX));
    }
    let ended = history.iter().rev().find(|entry| entry.to == "CANCELLED" && entry.from != "CANCELLED");
    let decided =
        ended.map_or(Micros::MAX, |entry| known.clock.latest(entry.at).saturating_add(COMMITTED_WITHIN));
    let came_back = history.iter().any(|entry| entry.from == "CANCELLED" && entry.to == "BOOKED");
    let cancels = known.cancels.get(&id).into_iter().flatten();
    let told = cancels.filter(|_| !came_back).filter(|done| matches!(done.end, End::Done));
    let told = told.map(|done| done.complete).min().unwrap_or(Micros::MAX);
    Some((asked.invoke(), decided.min(told)))
}
