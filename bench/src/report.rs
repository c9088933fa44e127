//! A comparison as it is kept: a table, a chart, and every round as JSON.

use std::{fmt::Write as _, fs, path::Path};

use e2e::failed::Failed;
use serde_json::{Value, json};

use crate::{
    chart::{self, Charted},
    compare::{Hellos, Processor, Round, Rounds, middle},
    conditions::Conditions,
    figures::{median, millis, ratio},
    kind::Kind,
};

/// A route that does nothing.
const HELLO: &str = "hello-JSON";

/// What is written of a comparison.
pub(crate) struct Report<'a> {
    /// Of its files.
    pub(crate) name: &'a str,
    pub(crate) title: &'a str,
    pub(crate) rounds: &'a Rounds,
    /// What this stack can answer at all, over HTTP.
    pub(crate) hellos: &'a Hellos,
    pub(crate) conditions: Conditions,
    pub(crate) charted: Charted,
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
        let chart = chart::of(self.title, self.rounds, self.charted);
        fs::write(folder.join(format!("{}.svg", self.name)), chart)?;
        let json = serde_json::to_string_pretty(&self.json())? + "\n";
        fs::write(folder.join(format!("{}.json", self.name)), json)?;
        e2e::say!("written to {}/{}.md, .svg and .json", folder.display(), self.name);
        Ok(())
    }

    fn table(&self) -> String {
        let rounds = self.rounds.values().map(Vec::len).max().unwrap_or(0);
        let Conditions { origin, machine, server } = &self.conditions;
        let mut text = format!(
            "# {}\n\n{machine}. {server}. Commit {}, {}. Medians of {rounds} interleaved rounds of {} s at most; totals \
             verified after each.\n\n{}",
            self.title,
            origin.commit(),
            origin.day(),
            self.seconds,
            self.head()
        );
        let mut clients: Vec<usize> = self.rounds.keys().map(|(clients, _)| *clients).collect();
        clients.extend(self.hellos.keys());
        clients.sort_unstable();
        clients.dedup();
        for clients in clients {
            self.rows(&mut text, clients);
        }
        if !self.notes.is_empty() {
            let _infallible = write!(text, "\n{}\n", self.notes.join("\n"));
        }
        text
    }

    /// Without the processor's columns where it was not measured.
    fn head(&self) -> &'static str {
        if self.has_processor() {
            "| clients | way | bookings/s | x A | p50 | p99 | mysqld us | bench us |\n|---|---|---|---|---|---|---|---|\n"
        } else {
            "| clients | way | bookings/s | x A | p50 | p99 |\n|---|---|---|---|---|---|\n"
        }
    }

    fn has_processor(&self) -> bool {
        self.rounds.values().flatten().any(|round| round.processor.is_some())
    }

    /// Hello-JSON first: nothing that answers over HTTP is faster.
    fn rows(&self, text: &mut String, clients: usize) {
        if let Some(hellos) = self.hellos.get(&clients) {
            self.row(text, (clients, HELLO), hellos);
        }
        for ((_, way), rounds) in self.rounds.range((clients, Kind::OneByOne)..=(clients, Kind::Ours)) {
            self.row(text, (clients, way.name()), rounds);
        }
    }

    fn row(&self, text: &mut String, (clients, name): (usize, &str), rounds: &[Round]) {
        let of = |figure: fn(&Round) -> u64| median(&rounds.iter().map(figure).collect::<Vec<_>>());
        let rate = of(|round| round.bookings_per_s);
        let naive = middle(self.rounds, (clients, Kind::A), |round| round.bookings_per_s);
        let _infallible = write!(
            text,
            "| {clients} | {name} | {rate} | {} | {} | {} |",
            naive.map_or_else(|| "-".to_owned(), |naive| ratio(rate, naive)),
            millis(of(|round| round.p50_us)),
            millis(of(|round| round.p99_us)),
        );
        if self.has_processor() {
            let of = |figure: fn(&Processor) -> u64| {
                median(
                    &rounds
                        .iter()
                        .filter_map(|round| round.processor.as_ref())
                        .map(figure)
                        .collect::<Vec<_>>(),
                )
            };
            let _infallible =
                write!(text, " {} | {} |", of(|taken| taken.mysqld_us), of(|taken| taken.bench_us));
        }
        text.push('\n');
    }

    fn json(&self) -> Value {
        let cell = |((clients, way), rounds): (&(usize, Kind), &Vec<_>)| json!({"clients": clients, "way": way.name(), "rounds": rounds});
        let hello = |(clients, rounds): (&usize, &Vec<_>)| json!({"clients": clients, "way": HELLO, "rounds": rounds});
        let cells = self.hellos.iter().map(hello).chain(self.rounds.iter().map(cell));
        let Conditions { origin, machine, server } = &self.conditions;
        json!({
            "title": self.title, "machine": machine, "durability": server, "commit": origin.commit(),
            "day": origin.day(), "seconds": self.seconds, "cells": cells.collect::<Vec<_>>(), "notes": self.notes,
        })
    }
}

/// Sentences on refusals, and on what was stored behind the answers.
pub(crate) fn besides(rounds: &Rounds) -> Vec<String> {
    let mut notes = Vec::new();
    for (clients, way) in rounds.keys() {
        let of = |figure: fn(&Round) -> u64| middle(rounds, (*clients, *way), figure).unwrap_or(0);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{conditions::Origin, load::Count};

    fn round(booked: usize, processor: Option<Processor>) -> Round {
        let count =
            Count { booked_us: vec![1_000; booked], took: Duration::from_secs(1), ..Count::default() };
        Round { processor, ..Round::of(&count) }
    }

    fn report<'a>(rounds: &'a Rounds, hellos: &'a Hellos) -> Report<'a> {
        let conditions = Conditions::of(&Origin::here(), "a server that syncs");
        let (charted, notes) = (Charted::Bookings, Vec::new());
        Report { name: "name", title: "Title", rounds, hellos, conditions, charted, seconds: 3, notes }
    }

    #[test]
    fn what_was_not_measured_has_no_column_and_hello_json_is_a_row() {
        let rounds = Rounds::from([((8, Kind::A), vec![round(10, None)])]);
        let hellos = Hellos::from([(8, vec![round(40, None)])]);
        let table = report(&rounds, &hellos).table();
        assert!(!table.contains("mysqld us"), "{table}");
        let hello = "| 8 | hello-JSON | 40 | 4.000 | 1.0 ms | 1.0 ms |\n";
        assert!(
            table.contains(&format!("{hello}| 8 | A naive | 10 | 1.000 | 1.0 ms | 1.0 ms |\n")),
            "{table}"
        );
        let json = report(&rounds, &hellos).json();
        assert_eq!(json.pointer("/cells/0/way"), Some(&json!("hello-JSON")));
        assert_eq!(json.pointer("/cells/1/rounds/0/mysqld_us"), None);
    }

    #[test]
    fn what_was_measured_has_its_columns() {
        let taken = Processor { mysqld_us: 70, bench_us: 30 };
        let rounds = Rounds::from([((8, Kind::A), vec![round(10, Some(taken))])]);
        let (hellos, row) = (Hellos::new(), "| 8 | A naive | 10 | 1.000 | 1.0 ms | 1.0 ms | 70 | 30 |\n");
        assert!(report(&rounds, &hellos).table().contains(row));
        let json = report(&rounds, &hellos).json();
        assert_eq!(json.pointer("/cells/0/rounds/0/mysqld_us"), Some(&json!(70)));
    }

    #[test]
    fn each_result_tells_its_commit_its_day_its_machine_and_its_server() {
        let (rounds, hellos) = (Rounds::new(), Hellos::new());
        let (report, origin) = (report(&rounds, &hellos), Origin::here());
        let told = format!("a server that syncs. Commit {}, {}.", origin.commit(), origin.day());
        assert!(report.table().contains(&told) && report.table().contains("cores of"));
        let json = report.json();
        assert_eq!(json.get("commit"), Some(&json!(origin.commit())));
        assert_eq!(json.get("day"), Some(&json!(origin.day())));
    }
}
