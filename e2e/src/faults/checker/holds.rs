//! Holds that nobody paid end on time, whatever else happens; later only while nobody was there who could end them.

use super::{
    Breach, breach,
    known::{Away, Known},
};
use crate::faults::{history::Micros, snapshot::Snapshot};

const ON_TIME: &str = "a hold ends within 5 s of its time";
/// So late at most.
const LATE: Micros = 5_000_000;
/// A moved clock ends hundreds of holds at once, which the optimised build takes as any other second.
pub(crate) const RELEASE: Micros = 0;
/// A debug build beside all servers and clients on the same cores needs some fifteen seconds for them, seen.
pub(crate) const DEBUG: Micros = 20_000_000;
/// The copies of booking-service.
const ONE: &str = "booking-service";
const OTHER: &str = "booking-service-2";
/// So long after one of them is gone the other has its holds: its lease of them runs out (3 s), and the other looks each second. A
/// debug build that starts beside it takes the machine from both, as a moved clock does.
const TAKEN_OVER: Micros = 5_000_000;
/// What no copy can do without. Without the provider holds do end on time; but what waits for its answers by the hundred takes
/// the seconds that are left, so that its death is excused as before until runs without that excuse were seen.
const NEEDED: [&str; 2] = ["mysql-booking", "payment-sandbox"];
/// So long after these, or a first copy, are back, jobs may still be on their way: pools reconnect, leases of who died before run
/// out, and a debug build that has just started is slow.
const RECOVERS: Micros = 12_000_000;

type Span = (Micros, Micros);

pub(super) fn end_on_time(known: &Known<'_>, snapshot: &Snapshot, behind_clock: Micros) -> Vec<Breach> {
    let open = snapshot.bookings.iter().filter(|(_, booking)| booking.status == "RESERVED");
    let mut breaches: Vec<Breach> =
        open.map(|(id, _)| breach(ON_TIME, format!("{id} is still held"))).collect();
    let excuses = excuses(known, behind_clock);
    for ended in snapshot.history.iter().filter(|one| one.reason.as_deref() == Some("hold_expired")) {
        let Some(booking) = snapshot.bookings.get(&ended.booking_id) else { continue };
        let due = known.clock.latest(booking.hold_expires_at);
        let at = known.clock.earliest(ended.at);
        let late = at.saturating_sub(due).saturating_sub(excused(&excuses, (due, at)));
        if late > LATE {
            let what = format!("{} ended {} ms late", ended.booking_id, late / 1_000);
            breaches.push(breach(ON_TIME, what));
        }
    }
    breaches
}

/// When a hold could not end, in the order in which that begins.
fn excuses(known: &Known<'_>, behind_clock: Micros) -> Vec<Span> {
    let away = |name: &'static str| known.away.iter().filter(move |away| away.name == name);
    let alone = [ONE, OTHER]
        .into_iter()
        .flat_map(away)
        .map(|one| (one.from, taken_over(one).saturating_add(behind_clock)));
    let both = away(ONE).flat_map(|one| away(OTHER).filter_map(|other| together(one, other)));
    let needed = NEEDED.into_iter().flat_map(away).map(|one| (one.from, one.to));
    let nobody = both.chain(needed).map(|(from, to)| (from, to.saturating_add(RECOVERS)));
    let moved = known.moved.iter().map(|(from, to)| (*from, to.saturating_add(behind_clock)));
    let mut all: Vec<Span> = alone.chain(nobody).chain(moved).collect();
    all.sort_unstable();
    all
}

/// When the other copy has what this one had. One that stands still in the middle of a batch keeps its rows locked until it goes
/// on, and nobody else can end the holds on them before.
fn taken_over(away: &Away<'_>) -> Micros {
    let taken_over = away.from.saturating_add(TAKEN_OVER);
    if away.frozen { taken_over.max(away.to) } else { taken_over }
}

/// When neither of them was there.
fn together(one: &Away<'_>, other: &Away<'_>) -> Option<Span> {
    let (from, to) = (one.from.max(other.from), one.to.min(other.to));
    (from < to).then_some((from, to))
}

/// How much of the time between the two a hold could not end in.
fn excused(excuses: &[Span], (due, at): Span) -> Micros {
    let (mut sum, mut seen) = (0, due);
    for (from, to) in excuses {
        let (from, to) = ((*from).max(seen), (*to).min(at));
        if from < to {
            sum += to - from;
            seen = to;
        }
    }
    sum
}
