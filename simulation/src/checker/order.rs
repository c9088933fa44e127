//! Nobody is overtaken: within a process, a room and the class of new bookings, who came first is served first.

use std::collections::BTreeMap;

use domain::RoomId;

use super::breach::{Breach, Verdict};
use crate::process::Who;

/// A request for a booking, decided: made, or refused since too few units were left.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) who: Who,
    /// The steps at which it came and was decided.
    pub(crate) came: u64,
    pub(crate) decided: u64,
    pub(crate) units: BTreeMap<RoomId, u32>,
    pub(crate) made: bool,
}

/// Who was served when.
#[derive(Debug, Default)]
pub(super) struct Order(Vec<Served>);

impl Order {
    pub(super) fn served(&mut self, served: Served) -> Verdict {
        let overtaken = |other: &Served| overtook(other, &served) || overtook(&served, other);
        if let Some(other) = self.0.iter().find(|other| overtaken(other)) {
            return Breach::of("who comes first is served first", || format!("{served:?} and {other:?}"));
        }
        self.0.push(served);
        Ok(())
    }
}

/// Whether the later one was decided before the earlier one, who would have been served by the same rooms.
fn overtook(later: &Served, earlier: &Served) -> bool {
    let shared = later.units.keys().any(|room| earlier.units.contains_key(room));
    let enough = |(room, units): (&RoomId, &u32)| later.units.get(room).is_some_and(|taken| taken >= units);
    later.who == earlier.who
        && later.made
        && earlier.came < later.came
        && later.decided < earlier.decided
        && if earlier.made { shared } else { earlier.units.iter().all(enough) }
}
