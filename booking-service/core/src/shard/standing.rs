//! What a shard has on its hands, for gauges.

use super::{Shard, flight::Flight, words::No};

/// What a shard has on its hands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Works of the class money that wait.
    pub money: usize,
    /// New bookings that wait.
    pub book: usize,
    /// Works of the class upkeep that wait.
    pub upkeep: usize,
    /// Works that a batch has not decided: they wait for the next.
    pub held: usize,
    /// How long the work that has waited longest has waited, in milliseconds.
    pub oldest_ms: u64,
    /// Batches under way.
    pub in_flight: usize,
    /// Rows and keys that others hold locked.
    pub set_aside: usize,
    /// Rooms remembered: the virtual actors that are active.
    pub rooms: usize,
    /// Nights remembered.
    pub nights: usize,
    /// Batches that were cut in halves so far, since they missed again and again.
    pub bisected: u64,
}

impl Shard {
    /// What it has on its hands now.
    pub fn standing(&self) -> Standing {
        Standing {
            oldest_ms: self.mailbox.oldest().map_or(0, |since| self.now_ms.saturating_sub(since)),
            in_flight: self.flights.len(),
            set_aside: self.locked.len(),
            rooms: self.memory.snapshot.rooms.len(),
            nights: self.memory.snapshot.nights.len(),
            bisected: self.bisected,
            ..self.mailbox.standing()
        }
    }

    /// How many works a batch under way has.
    pub fn works_of(&self, no: No) -> usize {
        let flight = self.flights.iter().find(|flight| flight.no == no);
        flight.map_or(0, |Flight { items, .. }| items.len())
    }
}
