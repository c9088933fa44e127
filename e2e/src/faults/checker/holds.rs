//! Holds that nobody paid end on time, whatever else happens; later only while something was broken.

use super::{Breach, breach, known::Known};
use crate::faults::{history::Micros, snapshot::Snapshot};

const ON_TIME: &str = "a hold ends within 5 s of its time";
/// So late at most.
const LATE: Micros = 5_000_000;
/// So long after a fault jobs may still be on their way back: leases run out, pools reconnect.
const RECOVERS: Micros = 20_000_000;

pub(super) fn end_on_time(known: &Known<'_>, snapshot: &Snapshot) -> Vec<Breach> {
    let open = snapshot.bookings.iter().filter(|(_, booking)| booking.status == "RESERVED");
    let mut breaches: Vec<Breach> =
        open.map(|(id, _)| breach(ON_TIME, format!("{id} is still held"))).collect();
    for ended in snapshot.history.iter().filter(|one| one.reason.as_deref() == Some("hold_expired")) {
        let Some(booking) = snapshot.bookings.get(&ended.booking_id) else { continue };
        let due = known.clock.latest(booking.hold_expires_at);
        let at = known.clock.earliest(ended.at);
        let late = at.saturating_sub(excused_until(known, due, at).max(due));
        if late > LATE {
            let what = format!("{} ended {} ms late", ended.booking_id, late / 1_000);
            breaches.push(breach(ON_TIME, what));
        }
    }
    breaches
}

/// The end of the last fault between the two.
fn excused_until(known: &Known<'_>, due: Micros, at: Micros) -> Micros {
    let over = known.faults.iter().map(|(from, to)| (*from, to.saturating_add(RECOVERS)));
    over.filter(|(from, to)| *from <= at && due <= *to).map(|(_, to)| to).max().unwrap_or(due)
}
