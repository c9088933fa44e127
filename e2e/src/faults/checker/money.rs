//! Money is conserved: what the provider took is what we know of; it bought a room or went back.

use super::{Breach, breach, known::Known};
use crate::faults::snapshot::{Booking, Payment, Snapshot, Taken};

const CONSERVED: &str = "what was taken is kept for a room or given back";
const VOIDED: &str = "who did not pay in time cannot pay any more";

pub(super) fn conserved(known: &Known<'_>, snapshot: &Snapshot) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for asked in &known.asked {
        // Who was never told of it could not pay.
        let told = asked.made().map(|(made, _)| (made.booking_id, made.total));
        let Some((id, total)) = told.or(asked.stored.map(|id| (id, 0))) else { continue };
        let Some(booking) = snapshot.bookings.get(&id) else { continue };
        let paid_by = asked.made().map_or(booking.payment_id, |(made, _)| made.payment_id);
        let taken = snapshot.provider.get(&paid_by).copied().unwrap_or_default();
        let payment = snapshot.payments.get(&id).copied().unwrap_or_default();
        let flaw = flaw(booking, total, taken, payment);
        breaches.extend(flaw.map(|what| breach(CONSERVED, format!("{id}: {what}"))));
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
