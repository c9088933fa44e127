//! Money is conserved: what the provider took is what we know of; it bought a room or went back.

use super::{Breach, breach, known::Known};
use crate::faults::snapshot::{Booking, Payment, Snapshot, Taken};

const CONSERVED: &str = "what was taken is kept for a room or given back";
const VOIDED: &str = "who did not pay in time cannot pay any more";

pub(super) fn conserved(known: &Known<'_>, snapshot: &Snapshot) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for asked in &known.asked {
        let Some((made, _)) = asked.made() else { continue };
        let taken = snapshot.provider.get(&made.payment_id).copied().unwrap_or_default();
        let Some(booking) = snapshot.bookings.get(&made.booking_id) else { continue };
        let payment = snapshot.payments.get(&made.booking_id).copied().unwrap_or_default();
        let flaw = flaw(booking, made.total, taken, payment);
        breaches.extend(flaw.map(|what| breach(CONSERVED, format!("{}: {what}", made.booking_id))));
    }
    breaches
}

fn flaw(booking: &Booking, total: i64, taken: Taken, payment: Payment) -> Option<String> {
    let Taken { captured, refunded } = taken;
    if refunded > captured {
        return Some(format!("{refunded} of {captured} went back"));
    }
    if (payment.captured, payment.refunded) != (captured, refunded) {
        return Some(format!("the provider has {taken:?}, we have {payment:?}"));
    }
    let kept = captured.saturating_sub(refunded);
    let due = match booking.status.as_str() {
        "BOOKED" | "COMPLETED" => total,
        "CANCELLED" => booking.penalty,
        _ => 0,
    };
    (kept != due).then(|| format!("{kept} are kept of {} {due}", booking.status))
}

/// A booking that ended without a payment has a void.
pub(super) fn voided(snapshot: &Snapshot) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (id, booking) in snapshot.bookings.iter().filter(|(_, booking)| booking.status == "CANCELLED") {
        let paid = snapshot.provider.get(&booking.payment_id).is_some_and(|taken| taken.captured > 0);
        if !paid && !snapshot.voids.contains(id) {
            breaches.push(breach(VOIDED, format!("{id} has no void")));
        }
    }
    breaches
}
