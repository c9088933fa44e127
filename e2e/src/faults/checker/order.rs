//! Each transition is told once, up to repeats of the same event, and in order; and the history has the same ones.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Breach, breach};
use crate::faults::snapshot::{Booking, Event, Logged, Snapshot};

const TOLD: &str = "each transition is told once and in order";
const KEPT: &str = "the history has every transition, each of them legal";

/// A step that a booking may take.
fn may(from: &str, to: &str) -> bool {
    from == to
        || matches!(
            (from, to),
            ("RESERVED", "BOOKED" | "CANCELLED")
                | ("BOOKED", "CANCELLED" | "COMPLETED")
                | ("CANCELLED", "BOOKED")
        )
}

/// What Kafka tells.
pub(super) fn told(snapshot: &Snapshot) -> Vec<Breach> {
    let mut events: BTreeMap<Uuid, Vec<&Event>> = BTreeMap::new();
    for event in &snapshot.events {
        events.entry(event.booking_id).or_default().push(event);
    }
    let of = |(id, booking): (&Uuid, &Booking)| {
        let told = events.get(id).map_or(&[][..], Vec::as_slice);
        flaw_of_events(told, booking).map(|what| breach(TOLD, format!("{id}: {what}")))
    };
    snapshot.bookings.iter().filter_map(of).collect()
}

fn flaw_of_events(told: &[&Event], booking: &Booking) -> Option<String> {
    let mut seen: BTreeMap<i64, &Event> = BTreeMap::new();
    for event in told {
        let last = seen.last_key_value().map_or(0, |(version, _)| *version);
        match seen.get(&event.version) {
            Some(first) if first.id == event.id => continue,
            Some(first) => {
                return Some(format!("version {} is told by {} and {}", event.version, first.id, event.id));
            }
            None if event.version == last.saturating_add(1) => {}
            None => return Some(format!("version {} comes after {last}", event.version)),
        }
        let before = seen.get(&last).map_or("RESERVED", |before| before.status.as_str());
        if !may(before, &event.status) {
            return Some(format!("{before} becomes {} in version {}", event.status, event.version));
        }
        seen.insert(event.version, event);
    }
    match seen.last_key_value() {
        Some((version, last)) if *version == booking.version && last.status == booking.status => None,
        Some((version, last)) => Some(format!(
            "told until {version} {}, the store has {} {}",
            last.status, booking.version, booking.status
        )),
        None => Some("nothing was told".to_owned()),
    }
}

/// What the history keeps: one row for each version but the first.
pub(super) fn kept(snapshot: &Snapshot) -> Vec<Breach> {
    let mut rows: BTreeMap<Uuid, Vec<&Logged>> = BTreeMap::new();
    for row in &snapshot.history {
        rows.entry(row.booking_id).or_default().push(row);
    }
    let of = |(id, booking): (&Uuid, &Booking)| {
        let kept = rows.get(id).map_or(&[][..], Vec::as_slice);
        flaw_of_rows(kept, booking).map(|what| breach(KEPT, format!("{id}: {what}")))
    };
    snapshot.bookings.iter().filter_map(of).collect()
}

fn flaw_of_rows(kept: &[&Logged], booking: &Booking) -> Option<String> {
    let (mut version, mut status) = (1i64, "RESERVED");
    for row in kept {
        if row.version != version.saturating_add(1) || row.from != status || !may(&row.from, &row.to) {
            return Some(format!("{status} {version} is followed by {row:?}"));
        }
        (version, status) = (row.version, &row.to);
    }
    let same = version == booking.version && status == booking.status;
    (!same).then(|| {
        format!("kept until {status} {version}, the store has {} {}", booking.status, booking.version)
    })
}
