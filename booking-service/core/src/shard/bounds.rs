//! How much a shard takes on.

/// How much a shard takes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Works in a batch.
    pub works: usize,
    /// Room-nights that the works of a batch take and give back. Of which a command is about is known once its booking was
    /// read: who is too many then goes with the next batch.
    pub nights: usize,
    /// Bytes of a batch, and sixteen times as many of mail: what works bring along, by an estimate of a new booking's facts.
    pub bytes: usize,
    /// Works of the class money in a batch that come before all others.
    pub money_first: usize,
    /// Works of the class upkeep in a batch.
    pub upkeep: usize,
    /// Works of the class money that may wait.
    pub money_waiting: usize,
    /// New bookings that may wait; half of them of one hotel.
    pub book_waiting: usize,
    /// Works of the class upkeep that may wait.
    pub upkeep_waiting: usize,
    /// Repeats of one key that may wait for its first.
    pub followers: usize,
    /// From how many waiting works on a second batch is begun while one is being written.
    pub second_from: usize,
    /// How long a work waits, in milliseconds.
    pub age_ms: u64,
    /// How often a work is decided anew before it is given up.
    pub runs: u32,
    /// Waits after the database was gone, in milliseconds; the last one stands for all later ones.
    pub pauses_ms: [u64; 3],
    /// How often it is looked whether a lock is gone, in milliseconds.
    pub look_ms: u64,
    /// Rooms in memory.
    pub rooms_remembered: usize,
    /// Nights in memory.
    pub nights_remembered: usize,
    /// From how many units down a night is read again while nothing touches it.
    pub scarce: u32,
    /// How long a room stays in memory that nobody asks for, in milliseconds.
    pub cold_ms: u64,
    /// How long a hotel is believed, in milliseconds.
    pub hotel_ms: u64,
}

impl Bounds {
    /// Those of a batch of so many works: each class keeps its part of a smaller one.
    pub(super) fn of_batch(&self, works: usize) -> Self {
        let part = |of: usize| of.min(of.saturating_mul(works).div_ceil(self.works.max(1)));
        Self { works, money_first: part(self.money_first), upkeep: part(self.upkeep), ..self.clone() }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            works: 1_024,
            nights: 4_096,
            bytes: 4 << 20,
            money_first: 512,
            upkeep: 128,
            money_waiting: 4_096,
            book_waiting: 4_096,
            upkeep_waiting: 512,
            followers: 16,
            second_from: 32,
            age_ms: 10_000,
            runs: 4,
            pauses_ms: [50, 200, 800],
            look_ms: 100,
            rooms_remembered: 50_000,
            nights_remembered: 200_000,
            scarce: 64,
            cold_ms: 600_000,
            hotel_ms: 5_000,
        }
    }
}
