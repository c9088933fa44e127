//! No room-night is ever held or sold above its quantity, and MySQL's own count agrees with the bookings.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{
    Breach, breach,
    known::Known,
    spans::{At, Span, Spans},
};
use crate::faults::{
    history::Micros,
    snapshot::{Night, Snapshot},
};

const ABOVE: &str = "a room-night is never held above its quantity";
const SUMS: &str = "what is left of a night and who holds it add up";

/// At no moment do bookings that certainly hold their units hold more than there are.
pub(super) fn never_above(known: &Known<'_>, spans: &Spans) -> Vec<Breach> {
    let above = |(at, held): (&At, &Vec<Span>)| {
        let quantity = u64::from(known.rooms.get(&at.0).copied()?);
        let (most, when) = most(held);
        (most > quantity)
            .then(|| breach(ABOVE, format!("{most} of {quantity} units of {} on {} at {when}", at.0, at.1)))
    };
    spans.certain.iter().filter_map(above).collect()
}

/// The most that is held at one moment, and the first such moment. Who ends makes room for who begins at that moment.
fn most(held: &[Span]) -> (u64, Micros) {
    let mut steps: Vec<(Micros, bool, u64)> = Vec::new();
    for span in held {
        steps.push((span.from, true, span.quantity));
        steps.push((span.to, false, span.quantity));
    }
    steps.sort_unstable();
    let (mut now, mut most) = (0u64, (0, 0));
    for (at, begins, quantity) in steps {
        now = if begins { now.saturating_add(quantity) } else { now.saturating_sub(quantity) };
        if now > most.0 {
            most = (now, at);
        }
    }
    most
}

/// Night by night. Who ends gives back the nights from the hotel's today on: one that is past by now may count as sold for who
/// held it then.
pub(super) fn add_up(known: &Known<'_>, snapshot: &Snapshot) -> Vec<Breach> {
    let mut holds: BTreeMap<At, (u64, Vec<Uuid>)> = BTreeMap::new();
    let mut ended: BTreeMap<At, u64> = BTreeMap::new();
    for asked in &known.asked {
        let Some(id) = asked.stored else { continue };
        let Some(booking) = snapshot.bookings.get(&id) else { continue };
        for units in asked.units {
            if booking.status == "CANCELLED" {
                *ended.entry((units.room_id, units.night)).or_default() += u64::from(units.quantity);
                continue;
            }
            let (held, by) = holds.entry((units.room_id, units.night)).or_default();
            *held = held.saturating_add(units.quantity.into());
            by.push(id);
        }
    }
    let mut breaches = Vec::new();
    for night in &snapshot.nights {
        let quantity = known.rooms.get(&night.room_id).copied().unwrap_or(night.initial);
        let (held, by) = holds.remove(&(night.room_id, night.date)).unwrap_or_default();
        let sold = u64::from(night.initial).saturating_sub(night.available.into());
        let ended = ended.get(&(night.room_id, night.date)).copied().unwrap_or_default();
        let may_be_past = night.date < known.today && held < sold && sold <= held.saturating_add(ended);
        let adds_up = held == sold || may_be_past;
        if !adds_up || night.initial != quantity {
            let Night { room_id, date, initial, available } = night;
            let says = format!("{initial} - {available} of {quantity}, {held} held by {by:?}");
            breaches.push(breach(SUMS, format!("{room_id} on {date}: {says}")));
        }
    }
    let untold = holds.into_iter().map(|(at, (held, _))| {
        breach(SUMS, format!("{} on {}: {held} held of a night without a row", at.0, at.1))
    });
    breaches.extend(untold);
    breaches
}
