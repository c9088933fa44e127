//! The command line of a campaign.

use std::{path::PathBuf, time::Duration};

use e2e::failed::Failed;

use super::{
    results::{Results, Stamp},
    schedule::Kind,
};

/// What the command line asks for.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// The seed of the schedule and of what clients want; without it, the one behind all that the results tell of.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// One run of so many minutes.
    #[arg(long, conflicts_with_all = ["kills", "bookings"])]
    pub(crate) minutes: Option<u64>,
    /// Runs of five minutes until all results together have so many kills ...
    #[arg(long, default_value_t = 0)]
    kills: u64,
    /// ... and so many bookings.
    #[arg(long, default_value_t = 0)]
    bookings: u64,
    /// So many clients more who only hold and cancel, on a room that has enough for all and one that has too little: bookings
    /// by the thousand.
    #[arg(long, default_value_t = 0)]
    pub(crate) crowd: u64,
    /// So many things break at once; no process of two of them.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=4))]
    pub(crate) at_once: u64,
    /// Only these kinds of trouble: crash, kill, both, freeze, server, answers, clock.
    #[arg(long, value_delimiter = ',', value_parser = kind)]
    pub(crate) only: Vec<Kind>,
    /// Make a mistake on purpose and see how long it takes to be found: its name, or all.
    #[arg(long)]
    pub(crate) planted: Option<String>,
    /// The commit of the build, to be recorded with what comes of it.
    #[arg(long)]
    commit: Option<String>,
    /// Runs of the optimised build.
    #[arg(long)]
    pub(crate) release: bool,
    /// Append what comes of it to this file.
    #[arg(long)]
    pub(crate) results: Option<PathBuf>,
    /// Where the second copy of booking-service answers.
    #[arg(long)]
    pub(crate) second: String,
}

fn kind(name: &str) -> Result<Kind, String> {
    Kind::named(name).ok_or_else(|| {
        let names: Vec<&str> = Kind::ALL.iter().map(|(_, name, _)| *name).collect();
        format!("there are {}", names.join(", "))
    })
}

impl Args {
    pub(crate) fn read(&self) -> Result<Results, Failed> {
        self.results.as_deref().map_or_else(|| Ok(Results::default()), Results::read)
    }

    pub(crate) fn keep(&self, results: &Results) -> Result<(), Failed> {
        self.results.as_deref().map_or(Ok(()), |path| results.write(path))
    }

    /// Of which build a run of that length is, and how much it is to bear.
    pub(crate) fn stamp(&self, longest: Duration) -> Stamp {
        let (commit, release) = (self.commit.clone(), self.release);
        Stamp { commit, release, crowd: self.crowd, at_once: self.at_once, minutes: longest.as_secs() / 60 }
    }

    /// The command that runs a seed's schedule again.
    pub(crate) fn again(&self, seed: u64, minutes: u64) -> String {
        let release = if self.release { " --release" } else { "" };
        let names: Vec<&str> = self.only.iter().map(|kind| kind.name()).collect();
        let only = if names.is_empty() { String::new() } else { format!(" --only {}", names.join(",")) };
        let crowd = if self.crowd > 0 { format!(" --crowd {}", self.crowd) } else { String::new() };
        let at_once = if self.at_once > 1 { format!(" --at-once {}", self.at_once) } else { String::new() };
        format!("cargo xtask faults{release} --seed {seed} --minutes {minutes}{only}{crowd}{at_once}")
    }

    /// Whether there are enough runs.
    pub(crate) fn is_over(&self, results: &Results, runs: u64) -> bool {
        let (bookings, kills) = results.sum();
        let campaign = self.kills > 0 || self.bookings > 0;
        if campaign { bookings >= self.bookings && kills >= self.kills } else { runs > 0 }
    }
}
