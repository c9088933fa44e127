//! Of several states of bookings the last of each.

use std::collections::BTreeMap;

use domain::{BookingId, booking::BookingRecord};

/// Each booking once, in the highest version among these.
pub fn newest<'a>(
    records: impl IntoIterator<Item = &'a BookingRecord>,
) -> BTreeMap<BookingId, &'a BookingRecord> {
    let mut newest: BTreeMap<BookingId, &BookingRecord> = BTreeMap::new();
    for record in records {
        let kept = newest.entry(record.booking_id).or_insert(record);
        if kept.version < record.version {
            *kept = record;
        }
    }
    newest
}
