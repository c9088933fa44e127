//! How an audit is told, and which exit code it has.

use std::{process::ExitCode, time::Duration};

use indicatif::HumanCount;
use platform::causes::{BoxError, causes};
use serde::Serialize;

use super::{Check, Tally};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing wrong.
    Clean,
    /// Something wrong.
    Breach,
    /// It could not look.
    Unknown,
}

/// A check that was run.
#[derive(Debug, Clone, Serialize)]
pub struct Audited {
    pub name: &'static str,
    /// What it makes sure of.
    pub promise: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// Things looked at.
    pub checked: u64,
    /// Breaches found.
    pub breaches: u64,
    /// The first of them.
    pub shown: Vec<String>,
    /// Why it could not look.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

impl Audited {
    pub(super) fn of(check: &dyn Check, result: Result<Tally, BoxError>, took: Duration) -> Self {
        let (tally, error) = match result {
            Ok(tally) => (tally, None),
            Err(error) => (Tally::default(), Some(causes(&*error))),
        };
        let outcome = match (&error, tally.breaches) {
            (Some(_), _) => Outcome::Unknown,
            (None, 0) => Outcome::Clean,
            (None, _) => Outcome::Breach,
        };
        Self {
            name: check.name(),
            promise: check.promise(),
            outcome,
            checked: tally.checked,
            breaches: tally.breaches,
            shown: tally.shown,
            error,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// For a person: a line, and one more per breach shown.
    pub fn lines(&self) -> Vec<String> {
        let word = match self.outcome {
            Outcome::Clean => "ok",
            Outcome::Breach => "BREACH",
            Outcome::Unknown => "UNKNOWN",
        };
        let mut lines = vec![format!(
            "{word:8}{:14}{:>10}  {}",
            self.name,
            HumanCount(self.checked).to_string(),
            self.promise
        )];
        lines.extend(self.shown.iter().map(|says| format!("{:24}{says}", "")));
        let hidden = self.breaches.saturating_sub(u64::try_from(self.shown.len()).unwrap_or(u64::MAX));
        if hidden > 0 {
            lines.push(format!("{:24}... and {} more", "", HumanCount(hidden)));
        }
        lines.extend(self.error.iter().map(|why| format!("{:24}could not be checked: {why}", "")));
        lines
    }
}

/// Exit code 0 clean, 1 breach, 2 could not check (details.md, Commands).
pub(crate) fn exit_code(all: &[Audited]) -> ExitCode {
    let any = |outcome| all.iter().any(|one| one.outcome == outcome);
    if any(Outcome::Breach) {
        ExitCode::from(1)
    } else if any(Outcome::Unknown) || all.is_empty() {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}

/// The last line.
pub(crate) fn verdict(all: &[Audited]) -> String {
    let breached = all.iter().filter(|one| one.outcome == Outcome::Breach).count();
    let unknown = all.iter().filter(|one| one.outcome == Outcome::Unknown).count();
    let looked = all.iter().fold(0u64, |sum, one| sum.saturating_add(one.checked));
    match (breached, unknown) {
        (0, 0) => format!("clean: {} checks, {} things looked at", all.len(), HumanCount(looked)),
        (0, _) => format!("{unknown} of {} checks could not be made; the others are clean", all.len()),
        _ => format!("{breached} of {} checks found breaches, {unknown} could not be made", all.len()),
    }
}
