//! What a hot room was last seen to take, as its results tell it.

use std::{fs, path::Path};

use serde::Deserialize;

use crate::{figures::median, kind::Kind};

/// How long a burst is (what readers must drain within ten times that).
const SECONDS: u64 = 10;

#[derive(Deserialize)]
struct Comparison {
    cells: Vec<Cell>,
}

#[derive(Deserialize)]
struct Cell {
    way: String,
    rounds: Vec<Round>,
}

#[derive(Deserialize)]
struct Round {
    bookings_per_s: u64,
}

/// Bookings of ten seconds of ours, at the number of clients that brought most; none where nothing readable is recorded.
pub(super) fn ten_seconds(results: &Path) -> Option<usize> {
    let recorded = fs::read(results.join("hot-room.json")).ok()?;
    let recorded: Comparison = serde_json::from_slice(&recorded).ok()?;
    let ours = recorded.cells.iter().filter(|cell| cell.way == Kind::Ours.name());
    let rate = ours.map(|cell| median(&cell.rates())).max().filter(|rate| *rate > 0)?;
    usize::try_from(rate.saturating_mul(SECONDS)).ok()
}

impl Cell {
    fn rates(&self) -> Vec<u64> {
        self.rounds.iter().map(|round| round.bookings_per_s).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_burst_is_ten_seconds_of_ours_at_its_best_as_last_recorded() {
        let folder = std::env::temp_dir().join(format!("bench-recorded-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        assert_eq!(ten_seconds(&folder), None);
        let cell = |way: &str, rates: [u64; 3]| {
            let rounds = rates.map(|rate| serde_json::json!({"bookings_per_s": rate, "bookings": 1}));
            serde_json::json!({"clients": 8, "way": way, "rounds": rounds})
        };
        let cells = [cell("A naive", [9_000; 3]), cell("ours", [10, 30, 20]), cell("ours", [200, 400, 300])];
        fs::write(folder.join("hot-room.json"), serde_json::json!({"cells": cells}).to_string()).unwrap();
        assert_eq!(ten_seconds(&folder), Some(3_000));
        fs::remove_dir_all(&folder).unwrap();
    }
}
