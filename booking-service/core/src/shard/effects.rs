//! What a committed batch sets off. Losing any of it costs promptness, never correctness.

use std::collections::BTreeSet;

use domain::{BookingId, HotelId, Instant, booking::BookingStatus};

use crate::plan::Plan;

/// What a committed batch sets off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effects {
    /// The database's clock when the batch was decided.
    pub now: Instant,
    /// New holds, and when they end.
    pub holds: Vec<(HotelId, BookingId, Instant)>,
    /// Bookings with papers that have no number yet.
    pub unnumbered: Vec<(HotelId, BookingId)>,
    /// Whether the provider is owed a void or a refund.
    pub owed: bool,
    /// The shares of the hotels that have something to tell.
    pub shares: BTreeSet<u8>,
}

impl Effects {
    pub(super) fn of(plan: &Plan, now: Instant) -> Self {
        let held = plan.bookings.iter().map(|new| &new.record);
        let held = held.filter(|record| record.status == BookingStatus::Reserved);
        let invoices = plan.invoices.iter().map(|new| (new.record.hotel_id, new.record.booking_id));
        let notes = plan.credit_notes.iter().map(|new| (new.hotel_id, new.booking_id));
        Self {
            now,
            holds: held.map(|record| (record.hotel_id, record.booking_id, record.hold_expires_at)).collect(),
            unnumbered: invoices.chain(notes).collect(),
            owed: !plan.voids.is_empty() || !plan.refunds.is_empty(),
            shares: plan.events.iter().map(|event| event.body.booking.hotel_id.share()).collect(),
        }
    }
}
