//! One case, run from its beginning to its end.

use crate::{
    case::Case,
    checker::Breach,
    hotels::Hotels,
    planted::{Planted, plant},
    trace::Trace,
    world::World,
};

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) breach: Option<Breach>,
    pub(crate) trace: Vec<String>,
    pub(crate) figures: Figures,
}

/// What has happened in a run, or in many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Figures {
    pub(crate) seeds: u64,
    pub(crate) events: u64,
    /// Works that were tried.
    pub(crate) works: u64,
    pub(crate) bookings: u64,
    pub(crate) transactions: u64,
    pub(crate) deaths: u64,
    pub(crate) simulated_ms: u64,
}

impl Figures {
    /// Both together.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            seeds: self.seeds + other.seeds,
            events: self.events + other.events,
            works: self.works + other.works,
            bookings: self.bookings + other.bookings,
            transactions: self.transactions + other.transactions,
            deaths: self.deaths + other.deaths,
            simulated_ms: self.simulated_ms + other.simulated_ms,
        }
    }
}

/// Runs the case, with that mistake planted.
pub(crate) fn run(hotels: &Hotels, case: &Case, planted: Option<Planted>, trace: Trace) -> Ran {
    plant(planted);
    let mut world = World::new(hotels, case.script(), case.seed, planted, trace);
    world.run();
    plant(None);
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let rows = &world.database.books.rows;
    let figures = Figures {
        seeds: 1,
        events: world.step,
        works: count(world.attempts.len()),
        bookings: count(rows.bookings.len() + rows.purged.len()),
        transactions: count(world.database.outbox.len()),
        deaths: world.processes.iter().map(|process| process.who.life).sum(),
        simulated_ms: world.now_ms,
    };
    Ran { breach: world.breach, trace: world.trace.into_lines(), figures }
}
