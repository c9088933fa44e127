//! A comparison as it is kept: a table, a chart, and every round as JSON.

use std::{fmt::Write as _, fs, path::Path};

use e2e::failed::Failed;
use serde_json::{Value, json};

use crate::{
    chart,
    compare::{Rounds, middle},
    figures::{millis, ratio},
    kind::Kind,
    machine::Machine,
};

/// What is written of a comparison.
pub(crate) struct Report<'a> {
    /// Of its files.
    pub(crate) name: &'a str,
    pub(crate) title: &'a str,
    pub(crate) rounds: &'a Rounds,
    pub(crate) machine: &'a Machine,
    /// What the server promises.
    pub(crate) durability: &'a str,
    pub(crate) seconds: u64,
    /// Sentences behind the table.
    pub(crate) notes: Vec<String>,
}

impl Report<'_> {
    /// Prints the table, and writes `<name>.md`, `.svg` and `.json` into the folder.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Failed> {
        let table = self.table();
        e2e::say!("\n{table}");
        fs::create_dir_all(folder)?;
        fs::write(folder.join(format!("{}.md", self.name)), &table)?;
        fs::write(folder.join(format!("{}.svg", self.name)), chart::of(self.title, self.rounds))?;
        let json = serde_json::to_string_pretty(&self.json())? + "\n";
        fs::write(folder.join(format!("{}.json", self.name)), json)?;
        e2e::say!("written to {}/{}.md, .svg and .json", folder.display(), self.name);
        Ok(())
    }

    fn table(&self) -> String {
        let rounds = self.rounds.values().map(Vec::len).max().unwrap_or(0);
        let mut text = format!(
            "# {}\n\n{}. {}. Medians of {rounds} interleaved rounds of {} s at most; totals verified after each.\n\n\
             | clients | way | bookings/s | x A | p50 | p99 | mysqld us | bench us |\n|---|---|---|---|---|---|---|---|\n",
            self.title, self.machine, self.durability, self.seconds
        );
        for cell in self.rounds.keys() {
            self.row(&mut text, *cell);
        }
        if !self.notes.is_empty() {
            let _infallible = write!(text, "\n{}\n", self.notes.join("\n"));
        }
        text
    }

    fn row(&self, text: &mut String, cell: (usize, Kind)) {
        let of = |figure: fn(&crate::compare::Round) -> u64| middle(self.rounds, cell, figure).unwrap_or(0);
        let rate = of(|round| round.bookings_per_s);
        let naive = middle(self.rounds, (cell.0, Kind::A), |round| round.bookings_per_s);
        let _infallible = writeln!(
            text,
            "| {} | {} | {rate} | {} | {} | {} | {} | {} |",
            cell.0,
            cell.1.name(),
            naive.map_or_else(|| "-".to_owned(), |naive| ratio(rate, naive)),
            millis(of(|round| round.p50_us)),
            millis(of(|round| round.p99_us)),
            of(|round| round.mysqld_us),
            of(|round| round.bench_us)
        );
    }

    fn json(&self) -> Value {
        let cell = |((clients, way), rounds): (&(usize, Kind), &Vec<_>)| json!({"clients": clients, "way": way.name(), "rounds": rounds});
        json!({
            "title": self.title, "machine": self.machine.to_string(), "durability": self.durability,
            "seconds": self.seconds, "cells": self.rounds.iter().map(cell).collect::<Vec<_>>(), "notes": self.notes,
        })
    }
}

/// Sentences on refusals, and on what was stored behind the answers.
pub(crate) fn besides(rounds: &Rounds) -> Vec<String> {
    let mut notes = Vec::new();
    for (clients, way) in rounds.keys() {
        let of =
            |figure: fn(&crate::compare::Round) -> u64| middle(rounds, (*clients, *way), figure).unwrap_or(0);
        let who = format!("* {} at {clients} clients", way.name());
        if of(|round| round.refusals_per_s) > 0 {
            let (rate, p99) = (of(|round| round.refusals_per_s), millis(of(|round| round.refused_p99_us)));
            notes.push(format!(
                "{who}: {rate} refusals/s, p99 {p99}; {} unit-nights left",
                of(|round| round.left)
            ));
        }
        if of(|round| round.settled_ms) > 1_000 {
            notes.push(format!("{who}: stored {} ms behind its last answer", of(|round| round.settled_ms)));
        }
    }
    notes
}

/// Sentences on ours against each other way at so many clients.
pub(crate) fn against(rounds: &Rounds, clients: usize) -> Vec<String> {
    let rate = |way| middle(rounds, (clients, way), |round| round.bookings_per_s);
    let Some(ours) = rate(Kind::Ours) else { return Vec::new() };
    let others = Kind::ALL.into_iter().filter(|way| *way != Kind::Ours);
    others
        .filter_map(|way| {
            Some(format!("* ours / {} at {clients} clients: {}", way.name(), ratio(ours, rate(way)?)))
        })
        .collect()
}
