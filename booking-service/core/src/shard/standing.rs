//! What a shard has on its hands now.

use super::{
    Shard,
    flight::Flight,
    words::{No, Refused, Standing},
};

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

    /// What was refused since this was asked last.
    pub fn take_refused(&mut self) -> Refused {
        std::mem::take(&mut self.refused)
    }

    /// How many works a batch under way has.
    pub fn works_of(&self, no: No) -> usize {
        let flight = self.flights.iter().find(|flight| flight.no == no);
        flight.map_or(0, |Flight { items, .. }| items.len())
    }
}
