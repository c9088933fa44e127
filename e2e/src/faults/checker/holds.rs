//! Holds that nobody paid end on time, whatever else happens; later only while something was broken.

use super::{Breach, breach, known::Known};
use crate::faults::{history::Micros, snapshot::Snapshot};

const ON_TIME: &str = "a hold ends within 5 s of its time";
/// So late at most.
const LATE: Micros = 5_000_000;
/// A moved clock ends hundreds of holds at once, which the optimised build takes as any other second.
pub(crate) const RELEASE: Micros = 0;
/// A debug build beside all servers and clients on the same cores needs some fifteen seconds for them, seen.
pub(crate) const DEBUG: Micros = 20_000_000;
/// So long after a fault jobs may still be on their way back: leases run out, pools reconnect, a process starts in a debug build.
const RECOVERS: Micros = 12_000_000;
/// Whose death or silence keeps holds from ending.
const NEEDED: [&str; 3] = ["booking-service", "mysql-booking", "payment-sandbox"];

pub(super) fn end_on_time(known: &Known<'_>, snapshot: &Snapshot, behind_clock: Micros) -> Vec<Breach> {
    let open = snapshot.bookings.iter().filter(|(_, booking)| booking.status == "RESERVED");
    let mut breaches: Vec<Breach> =
        open.map(|(id, _)| breach(ON_TIME, format!("{id} is still held"))).collect();
    for ended in snapshot.history.iter().filter(|one| one.reason.as_deref() == Some("hold_expired")) {
        let Some(booking) = snapshot.bookings.get(&ended.booking_id) else { continue };
        let due = known.clock.latest(booking.hold_expires_at);
        let at = known.clock.earliest(ended.at);
        let late = at.saturating_sub(due).saturating_sub(excused(known, behind_clock, (due, at)));
        if late > LATE {
            let what = format!("{} ended {} ms late", ended.booking_id, late / 1_000);
            breaches.push(breach(ON_TIME, what));
        }
    }
    breaches
}

/// How much of the time between the two a hold could not end in.
fn excused(known: &Known<'_>, behind_clock: Micros, (due, at): (Micros, Micros)) -> Micros {
    let needed = known.faults.iter().filter(|fault| NEEDED.iter().any(|name| fault.name.contains(name)));
    let broken = needed.map(|fault| (fault.from, fault.to.saturating_add(RECOVERS)));
    let moved = known.moved.iter().map(|(from, to)| (*from, to.saturating_add(behind_clock)));
    let mut spans: Vec<(Micros, Micros)> =
        broken.chain(moved).map(|(from, to)| (from.max(due), to.min(at))).collect();
    spans.sort_unstable();
    let (mut sum, mut seen) = (0, due);
    for (from, to) in spans {
        let from = from.max(seen);
        if from < to {
            sum += to - from;
            seen = to;
        }
    }
    sum
}
