//! Holds that nobody paid end on time, whatever else happens; later only while something was broken.

use super::{Breach, breach, known::Known};
use crate::faults::{history::Micros, snapshot::Snapshot};

const ON_TIME: &str = "a hold ends within 5 s of its time";
/// So late at most, in the optimised build.
pub(crate) const LATE: Micros = 5_000_000;
/// A debug build beside all servers and clients on the same cores ends hundreds of holds at once in some fifteen.
pub(crate) const LATE_IN_DEBUG: Micros = 25_000_000;
/// So long after a fault jobs may still be on their way back: leases run out, pools reconnect, a process starts in a debug build.
const RECOVERS: Micros = 12_000_000;
/// Whose death or silence keeps holds from ending.
const NEEDED: [&str; 3] = ["booking-service", "mysql-booking", "payment-sandbox"];

pub(super) fn end_on_time(known: &Known<'_>, snapshot: &Snapshot, most: Micros) -> Vec<Breach> {
    let open = snapshot.bookings.iter().filter(|(_, booking)| booking.status == "RESERVED");
    let mut breaches: Vec<Breach> =
        open.map(|(id, _)| breach(ON_TIME, format!("{id} is still held"))).collect();
    for ended in snapshot.history.iter().filter(|one| one.reason.as_deref() == Some("hold_expired")) {
        let Some(booking) = snapshot.bookings.get(&ended.booking_id) else { continue };
        let due = known.clock.latest(booking.hold_expires_at);
        let at = known.clock.earliest(ended.at);
        let late = at.saturating_sub(due).saturating_sub(excused(known, due, at));
        if late > most {
            let what = format!("{} ended {} ms late", ended.booking_id, late / 1_000);
            breaches.push(breach(ON_TIME, what));
        }
    }
    breaches
}

/// How much of the time between the two a hold could not end in.
fn excused(known: &Known<'_>, due: Micros, at: Micros) -> Micros {
    let needed = known.faults.iter().filter(|fault| NEEDED.iter().any(|name| fault.name.contains(name)));
    let mut spans: Vec<(Micros, Micros)> =
        needed.map(|fault| (fault.from.max(due), fault.to.saturating_add(RECOVERS).min(at))).collect();
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
