//! Repeats of a request that arrive while it is under way: they wait for it, and then find its answer under its key.
//!
//! Between two copies of the service it is the key's unique column that makes the later one wait; this spares one copy
//! the work of many, and its clients the refusals.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use booking_core::Digest;
use tokio::sync::{Mutex as Turns, OwnedMutexGuard};

/// The requests of this process that are under way, by their key's scope.
pub struct InFlight {
    waiting_per_key: usize,
    lines: Mutex<HashMap<Digest, Line>>,
}

/// Everybody with one key: one has its turn, the others wait in the order in which they came.
#[derive(Default)]
struct Line {
    turns: Arc<Turns<()>>,
    waiting: usize,
}

/// Too many repeats wait already.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("too many repeats of this request wait for it")]
pub struct LineIsFull;

/// The turn of one request. Dropped, it is the next one's.
pub struct Turn<'a> {
    _turn: OwnedMutexGuard<()>,
    _place: Place<'a>,
}

/// A place in a line, given up when dropped, whether its turn came or not.
struct Place<'a> {
    in_flight: &'a InFlight,
    scope: Digest,
}

impl InFlight {
    /// Lets so many repeats of one request wait.
    pub fn new(waiting_per_key: usize) -> Self {
        Self { waiting_per_key, lines: Mutex::default() }
    }

    /// Waits until no other request with this key is under way.
    pub async fn turn(&self, scope: Digest) -> Result<Turn<'_>, LineIsFull> {
        let turns = {
            let mut lines = self.lines();
            let line = lines.entry(scope).or_default();
            if line.waiting > self.waiting_per_key {
                return Err(LineIsFull);
            }
            line.waiting = line.waiting.saturating_add(1);
            line.turns.clone()
        };
        let place = Place { in_flight: self, scope };
        Ok(Turn { _turn: turns.lock_owned().await, _place: place })
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<Digest, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut lines = self.in_flight.lines();
        if let Some(line) = lines.get_mut(&self.scope) {
            line.waiting = line.waiting.saturating_sub(1);
            if line.waiting == 0 {
                lines.remove(&self.scope);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_takes_the_first_and_so_many_who_wait_and_is_forgotten_when_empty() {
        let in_flight = Arc::new(InFlight::new(2));
        let scope = Digest::new([1; 32]);
        let first = in_flight.turn(scope).await.unwrap();
        let waits = || {
            let in_flight = in_flight.clone();
            tokio::spawn(async move { in_flight.turn(scope).await.map(drop) })
        };
        let waiting = [waits(), waits()];
        while in_flight.lines().get(&scope).unwrap().waiting < 3 {
            tokio::task::yield_now().await;
        }
        assert!(in_flight.turn(scope).await.is_err());
        assert!(in_flight.turn(Digest::new([2; 32])).await.is_ok(), "another key has a line of its own");
        drop(first);
        for one in waiting {
            one.await.unwrap().unwrap();
        }
        assert!(in_flight.lines().is_empty());
    }

    #[tokio::test]
    async fn who_goes_away_while_waiting_leaves_no_place_behind() {
        let in_flight = InFlight::new(2);
        let scope = Digest::new([1; 32]);
        let first = in_flight.turn(scope).await.unwrap();
        assert!(futures::FutureExt::now_or_never(in_flight.turn(scope)).is_none());
        assert_eq!(in_flight.lines().get(&scope).unwrap().waiting, 1);
        drop(first);
        assert!(in_flight.lines().is_empty());
    }
}
