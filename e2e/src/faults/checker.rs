//! What must be true of a run: a pure function of its history and of what the stores hold after it. It shares no code with
//! the services and knows of them only what their documents promise.

mod bookings;
pub(crate) mod holds;
mod known;
mod levels;
mod money;
mod order;
mod prices;
mod refusals;
mod spans;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::{known::Known, spans::Spans};
use super::{
    history::{Entry, Micros},
    snapshot::Snapshot,
};

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    pub(crate) promise: &'static str,
    pub(crate) what: String,
}

fn breach(promise: &'static str, what: String) -> Breach {
    Breach { promise, what }
}

/// Every breach. Holds may be that much later where the clock was moved ([`holds::RELEASE`], [`holds::DEBUG`]).
pub(crate) fn check(history: &[Entry], snapshot: &Snapshot, behind_clock: Micros) -> Vec<Breach> {
    let known = Known::of(history, snapshot);
    let spans = Spans::of(&known, snapshot);
    let rules = [
        bookings::once(&known, snapshot),
        bookings::cancelled(&known, snapshot),
        bookings::reasons(&known),
        levels::never_above(&known, &spans),
        levels::add_up(&known, snapshot),
        refusals::true_ones(&known, &spans),
        prices::of_their_time(&known),
        order::told(snapshot),
        order::kept(snapshot),
        money::conserved(&known, snapshot),
        money::voided(snapshot),
        holds::end_on_time(&known, snapshot, behind_clock),
    ];
    rules.concat()
}

/// How often each promise is broken, and the first time.
pub(crate) fn in_words(breaches: &[Breach]) -> Vec<String> {
    let mut counted: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for one in breaches {
        counted.entry(one.promise).or_insert((0, &one.what)).0 += 1;
    }
    counted
        .iter()
        .map(|(promise, (times, first))| format!("{promise}: {times} times; first: {first}"))
        .collect()
}
