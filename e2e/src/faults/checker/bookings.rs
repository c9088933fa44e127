//! Every acknowledged booking is there, once and only once; who was refused has none.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{
    Breach, breach,
    known::{Asked, Known},
};
use crate::faults::{
    history::End,
    snapshot::{Place, Snapshot},
};

const ONCE: &str = "an acknowledged booking is there once and only once";
const CANCELLED: &str = "an acknowledged cancellation is there";
const REASON: &str = "who is refused has no booking, and for one reason";

/// Each key has one booking, and each booking a key.
pub(super) fn once(known: &Known<'_>, snapshot: &Snapshot) -> Vec<Breach> {
    let mut owned: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for (id, booking) in &snapshot.bookings {
        owned.entry(booking.user_id).or_default().push(*id);
    }
    let mut breaches = Vec::new();
    for asked in &known.asked {
        let stored = owned.remove(&asked.user_id).unwrap_or_default();
        breaches.extend(of_key(asked, &stored, snapshot).map(|what| breach(ONCE, what)));
    }
    let nobody = owned.into_values().flatten();
    breaches.extend(nobody.map(|id| breach(ONCE, format!("nobody asked for {id}"))));
    breaches
}

fn of_key(asked: &Asked<'_>, stored: &[Uuid], snapshot: &Snapshot) -> Option<String> {
    let answers = asked.times.iter().filter_map(|(_, _, end)| match end {
        End::Made(made) => Some(made.booking_id),
        End::Done | End::Refused { .. } | End::Unknown => None,
    });
    let answered: BTreeSet<Uuid> = answers.collect();
    let unknown = asked.loose || asked.times.iter().any(|(_, _, end)| matches!(end, End::Unknown));
    let key = asked.key;
    match (answered.first(), stored) {
        (_, [_, _, ..]) => Some(format!("{key} made {stored:?}")),
        (Some(_), _) if answered.len() > 1 => Some(format!("{key} was told of {answered:?}")),
        (Some(told), [there]) if told == there => lost(*told, snapshot),
        (Some(told), _) => Some(format!("{key} was told of {told}; the stores have {stored:?}")),
        (None, [there]) if !unknown => Some(format!("{key} was refused and has {there}")),
        (None, _) => None,
    }
}

fn lost(id: Uuid, snapshot: &Snapshot) -> Option<String> {
    let gone = snapshot.bookings.get(&id).is_some_and(|booking| booking.place == Place::Nowhere);
    gone.then(|| format!("{id} was purged and is not in the archive"))
}

/// Who was told that a booking is cancelled finds it so, whatever came after it.
pub(super) fn cancelled(known: &Known<'_>, snapshot: &Snapshot) -> Vec<Breach> {
    let told = known.cancels.iter().filter(|(_, all)| all.iter().any(|done| matches!(done.end, End::Done)));
    let ended: BTreeSet<Uuid> =
        snapshot.history.iter().filter(|row| row.to == "CANCELLED").map(|row| row.booking_id).collect();
    let lost = told.filter(|(id, _)| !ended.contains(id));
    lost.map(|(id, _)| breach(CANCELLED, format!("{id} was never cancelled"))).collect()
}

/// Each asks once, for rooms that are on sale: there is no reason to refuse but that they are sold out, and none at all once
/// it was made.
pub(super) fn reasons(known: &Known<'_>) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for asked in &known.asked {
        let made = asked.made().map(|(_, complete)| complete);
        for (invoke, _, end) in &asked.times {
            let End::Refused { code } = end else { continue };
            let after = made.is_some_and(|made| made < *invoke);
            if code != "sold_out" || after {
                let word = if after { " after it was made" } else { "" };
                breaches.push(breach(REASON, format!("{} was told {code}{word}", asked.key)));
            }
        }
    }
    breaches
}
