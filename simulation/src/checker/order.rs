//! Nobody is overtaken: within a shard, a night of a room and the class of new bookings, who came first is served first.

use std::collections::{BTreeMap, BTreeSet};

use booking_core::{Plan, RoomNight, shard::No};
use domain::BookingId;

use super::breach::{Breach, Verdict};
use crate::process::ShardId;

/// A request for a booking, decided: made, or refused since too few units were left.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) shard: ShardId,
    /// The steps at which it came and was decided.
    pub(crate) came: u64,
    pub(crate) decided: u64,
    /// Of each night.
    pub(crate) units: BTreeMap<RoomNight, u32>,
    /// How many units were missing on each night that it was refused for.
    pub(crate) missing: BTreeMap<RoomNight, u32>,
    pub(crate) made: Option<BookingId>,
}

/// Who was served when.
#[derive(Debug, Default)]
pub(super) struct Order {
    served: Vec<Served>,
    /// When and in which batch a booking was committed: it may be told much later, if the COMMIT went unanswered.
    committed: BTreeMap<BookingId, (u64, (ShardId, No))>,
    unanswered: BTreeSet<(ShardId, No)>,
}

impl Order {
    pub(super) fn committed(&mut self, step: u64, batch: (ShardId, No), plan: &Plan) {
        let made = plan.bookings.iter().map(|new| new.record.booking_id);
        self.committed.extend(made.map(|id| (id, (step, batch))));
    }

    /// Nobody told the process what became of its COMMIT.
    pub(super) fn unanswered(&mut self, batch: (ShardId, No)) {
        self.unanswered.insert(batch);
    }

    pub(super) fn served(&mut self, mut served: Served) -> Verdict {
        let committed = served.made.and_then(|id| self.committed.get(&id));
        served.decided = committed.map_or(served.decided, |(step, _)| *step);
        let overtaken = |other: &Served| self.overtook(other, &served) || self.overtook(&served, other);
        if let Some(other) = self.served.iter().find(|other| overtaken(other)) {
            return Breach::of("who comes first is served first", || format!("{served:?} and {other:?}"));
        }
        self.served.push(served);
        Ok(())
    }

    /// Whether the later one was decided before the earlier one, who would have been served by the same nights.
    fn overtook(&self, later: &Served, earlier: &Served) -> bool {
        let shared = later.units.keys().any(|night| earlier.units.contains_key(night));
        let enough =
            |(night, units): (&RoomNight, &u32)| later.units.get(night).is_some_and(|taken| taken >= units);
        later.shard == earlier.shard
            && later.made.is_some()
            && earlier.came < later.came
            && later.decided < earlier.decided
            && !self.was_unanswered(later)
            && if earlier.made.is_some() { shared } else { earlier.missing.iter().all(enough) }
    }

    /// Whoever was refused by the batch that made this booking was never told, and is decided once more, later.
    fn was_unanswered(&self, served: &Served) -> bool {
        let committed = served.made.and_then(|id| self.committed.get(&id));
        committed.is_some_and(|(_, batch)| self.unanswered.contains(batch))
    }
}
