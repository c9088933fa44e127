//! Under what a figure was measured: without that it can be compared with no other.

use std::process::Command;

use chrono::NaiveDate;
use platform::clock::SystemClock;

use crate::machine::Machine;

/// Results are written while figures are measured, and change no code.
const CODE: [&str; 3] = ["--", ":/", ":(top,exclude)bench/results"];

/// Of which code, and on which day; the same for all figures of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Short, with a `+` where files have changed since; none without git.
    commit: Option<String>,
    day: NaiveDate,
}

/// Under what a figure was measured.
#[derive(Debug, Clone)]
pub(crate) struct Conditions {
    pub(crate) origin: Origin,
    pub(crate) machine: String,
    /// What MySQL promises when it says that it has committed.
    pub(crate) server: String,
}

impl Origin {
    /// Of the folder that this runs in, today.
    pub(crate) fn here() -> Self {
        let commit = git(&["rev-parse", "--short", "HEAD"]).map(|commit| marked(&commit, &changes()));
        Self { commit, day: SystemClock.read().utc().date_naive() }
    }

    /// The commit, or that none is known.
    pub(crate) fn commit(&self) -> &str {
        self.commit.as_deref().unwrap_or("none")
    }

    /// The day, as `2026-11-29`.
    pub(crate) fn day(&self) -> String {
        self.day.to_string()
    }
}

impl Conditions {
    /// On this machine, with a server that says so of itself.
    pub(crate) fn of(origin: &Origin, server: &str) -> Self {
        Self { origin: origin.clone(), machine: Machine::this().to_string(), server: server.to_owned() }
    }
}

fn changes() -> String {
    git(&[["status", "--porcelain"].as_slice(), &CODE].concat()).unwrap_or_default()
}

fn marked(commit: &str, changes: &str) -> String {
    let mark = if changes.is_empty() { "" } else { "+" };
    format!("{commit}{mark}")
}

/// What git says; none where there is no git, or nothing of it here.
fn git(arguments: &[&str]) -> Option<String> {
    let output =
        Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_with_changed_files_is_marked() {
        assert_eq!(marked("e601d85", ""), "e601d85");
        assert_eq!(marked("e601d85", "M bench/src/cli.rs"), "e601d85+");
    }

    #[test]
    fn without_git_there_is_no_commit() {
        let origin = Origin { commit: None, day: NaiveDate::default() };
        assert_eq!((origin.commit(), origin.day()), ("none", "1970-01-01".to_owned()));
        assert_eq!(git(&["no-such-command-of-git"]), None);
    }
}
