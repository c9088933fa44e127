//! What a committed batch sets off. Losing any of it costs promptness, never correctness.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    BookingId, HotelId, Instant,
    booking::{BookingStatus, StatusReason},
};

use crate::plan::{NewCreditNote, NewInvoice, Plan};

/// What a committed batch sets off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effects {
    /// The database's clock when the batch was decided.
    pub now: Instant,
    /// New holds, and when they end.
    pub holds: Vec<(HotelId, BookingId, Instant)>,
    /// Bookings with papers that have no number yet, in the order in which these were issued.
    pub unnumbered: Vec<(HotelId, BookingId)>,
    /// Whether the provider is owed a void or a refund.
    pub owed: bool,
    /// How often what happened, and why, in words of metrics.
    pub happenings: BTreeMap<(&'static str, &'static str), u64>,
    /// The shares of the hotels that have something to tell.
    pub shares: BTreeSet<u8>,
}

impl Effects {
    pub(super) fn of(plan: &Plan, now: Instant) -> Self {
        let held = plan.bookings.iter().map(|new| &new.record);
        let held = held.filter(|record| record.status == BookingStatus::Reserved);
        Self {
            now,
            holds: held.map(|record| (record.hotel_id, record.booking_id, record.hold_expires_at)).collect(),
            unnumbered: unnumbered(plan),
            owed: !plan.voids.is_empty() || !plan.refunds.is_empty(),
            happenings: happenings(plan),
            shares: plan.events.iter().map(|event| event.body.booking.hotel_id.share()).collect(),
        }
    }
}

/// By moment and id, as the walk over papers that were left has it.
fn unnumbered(plan: &Plan) -> Vec<(HotelId, BookingId)> {
    let invoices = plan.invoices.iter().map(|NewInvoice { record, invoice, .. }| {
        (invoice.issued_at, invoice.invoice_id.uuid(), record.hotel_id, record.booking_id)
    });
    let notes = plan.credit_notes.iter().map(|NewCreditNote { note, hotel_id, booking_id, .. }| {
        (note.issued_at, note.credit_note_id.uuid(), *hotel_id, *booking_id)
    });
    let papers: BTreeSet<_> = invoices.chain(notes).collect();
    papers.into_iter().map(|(_, _, hotel, booking)| (hotel, booking)).collect()
}

fn happenings(plan: &Plan) -> BTreeMap<(&'static str, &'static str), u64> {
    let mut counts: BTreeMap<_, u64> = BTreeMap::new();
    for event in &plan.events {
        let reason = event.body.booking.status_reason.map_or("none", StatusReason::as_str);
        let count = counts.entry((event.happening.kind(), reason)).or_default();
        *count = count.saturating_add(1);
    }
    counts
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::tests::fixture::{World, new_id};

    #[test]
    fn papers_get_their_numbers_in_the_order_in_which_they_were_issued() {
        let world = World::booked();
        let booking = world.booking();
        let earlier = |seconds: u8| {
            let (mut record, mut invoice) = (booking.record.clone(), booking.invoice.clone().unwrap());
            record.booking_id = new_id(u128::from(seconds));
            invoice.issued_at = invoice.issued_at.plus(-TimeDelta::seconds(i64::from(seconds)));
            NewInvoice { record, year: 2026, invoice }
        };
        let plan = Plan { invoices: [2, 3, 1].map(earlier).into(), ..Plan::default() };
        let order: Vec<_> = unnumbered(&plan).into_iter().map(|(_, booking)| booking).collect();
        assert_eq!(order, [3, 2, 1].map(new_id));
    }
}
