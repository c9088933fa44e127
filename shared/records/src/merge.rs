//! One list out of two stores: active bookings (MySQL) and archived ones (Cassandra).
//!
//! Ask MySQL first, then the archive, then MySQL once more for the versions of what only the archive gave: a booking on its
//! way to the archive is never missing and never shown twice, and one that left the archive's state again (rebooked) is
//! shown as MySQL has it (architecture.md, Reads of bookings; domain.md, invariant 2).

use std::collections::BTreeMap;

use domain::{BookingId, booking::BookingRecord};

use crate::list::{Order, Position};

/// What one store answered: its first bookings after the cursor, in the list's order.
#[derive(Debug, Clone)]
pub struct Part<T> {
    /// The bookings.
    pub items: Vec<T>,
    /// Whether it may have more behind the last of them.
    pub more: bool,
}

impl<T> Part<T> {
    /// What a store gave when asked for `limit` bookings: as many mean that there may be more.
    pub fn of(items: Vec<T>, limit: usize) -> Self {
        Self { more: items.len() >= limit, items }
    }

    /// Nothing, and nothing behind it.
    pub const fn empty() -> Self {
        Self { items: Vec::new(), more: false }
    }
}

/// A booking as a list sees it.
pub trait Listed {
    /// Where it stands.
    fn position(&self) -> Position;
    /// Its version.
    fn version(&self) -> i64;
}

impl Listed for BookingRecord {
    fn position(&self) -> Position {
        Position::of(self)
    }

    fn version(&self) -> i64 {
        self.version
    }
}

/// A page of both stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged<T> {
    /// The bookings, in order, each once. May be empty although there is more.
    pub items: Vec<T>,
    /// Go on behind it; none on the last page.
    pub next: Option<Position>,
}

/// The first `limit` bookings of both parts in order, each once, the higher version wins.
///
/// `now_active` holds the versions that MySQL has, asked after the archive, of bookings that only the archive gave: an
/// archived copy of a lower or equal version is no longer (or not yet) the truth and left out, since MySQL's own list shows
/// the booking if it belongs there. Nothing is taken from behind the last booking of a part that has more: what it has not
/// shown yet could come before.
pub fn merge<T: Listed>(
    order: Order,
    limit: usize,
    active: Part<T>,
    archived: Part<T>,
    now_active: &BTreeMap<BookingId, i64>,
) -> Merged<T> {
    let horizon = horizon(order, [&active, &archived]);
    let mut newest: BTreeMap<BookingId, T> = BTreeMap::new();
    for item in active.items {
        newest.insert(item.position().booking_id, item);
    }
    for item in archived.items {
        let id = item.position().booking_id;
        let seen = newest.get(&id).map(Listed::version).max(now_active.get(&id).copied());
        if seen.is_none_or(|version| item.version() > version) {
            newest.insert(id, item);
        }
    }
    let mut items: Vec<T> = newest.into_values().collect();
    items.retain(|item| horizon.is_none_or(|end| !order.before(end, item.position())));
    items.sort_by(|a, b| order.compare(a.position(), b.position()));
    let cut = items.len() > limit;
    items.truncate(limit);
    let next = if cut { items.last().map(Listed::position) } else { horizon };
    Merged { items, next }
}

/// The nearest end of a part that has more.
fn horizon<T: Listed>(order: Order, parts: [&Part<T>; 2]) -> Option<Position> {
    let ends = parts.into_iter().filter(|part| part.more).filter_map(|part| part.items.last());
    ends.map(Listed::position).min_by(|a, b| order.compare(*a, *b))
}

#[cfg(test)]
mod tests;
