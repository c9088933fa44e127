//! The file of results: every run is appended, its figures are the sum of all; and how long planted mistakes took to be found.
//! docs/PROMISES.md has a section that is made of it.

use std::{fmt::Write as _, fs, io, path::Path};

use e2e::failed::Failed;
use serde::{Deserialize, Serialize};

use super::run::Figures;

const BEGINS: &str = "<!-- generated: faults -->\n";
const ENDS: &str = "<!-- end: faults -->";

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) runs: Vec<Done>,
    pub(crate) planted: Vec<Found>,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) seed: u64,
    pub(crate) bookings: u64,
    pub(crate) refused: u64,
    pub(crate) unknown: u64,
    pub(crate) kills: u64,
    pub(crate) at_crash_points: u64,
    pub(crate) faults: u64,
    pub(crate) seconds: u64,
    /// The promise that was broken in it, or what else ended it; none where every promise was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) broken: Option<String>,
}

/// A planted mistake that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) mistake: String,
    pub(crate) what: String,
    pub(crate) by: String,
    pub(crate) seconds: u64,
}

impl Done {
    pub(crate) fn of(seed: u64, figures: &Figures) -> Self {
        Self {
            seed,
            bookings: figures.bookings,
            refused: figures.refused,
            unknown: figures.unknown,
            kills: figures.kills,
            at_crash_points: figures.at_points,
            faults: figures.faults,
            seconds: std::time::Duration::from_secs_f64(figures.seconds).as_secs(),
            broken: None,
        }
    }
}

impl Results {
    /// What the file says; nothing if there is none.
    pub(crate) fn read(path: &Path) -> Result<Self, Failed> {
        match fs::read(path) {
            Ok(text) => Ok(serde_json::from_slice(&text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), Failed> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(fs::write(path, format!("{}\n", serde_json::to_string_pretty(self)?))?)
    }

    /// The seed behind all that were run.
    pub(crate) fn next_seed(&self) -> u64 {
        self.runs.iter().map(|run| run.seed + 1).max().unwrap_or(1)
    }

    /// Those in which every promise was kept.
    fn kept(&self) -> impl Iterator<Item = &Done> {
        self.runs.iter().filter(|run| run.broken.is_none())
    }

    /// Bookings and kills of all runs in which every promise was kept.
    pub(crate) fn sum(&self) -> (u64, u64) {
        let sum = |of: fn(&Done) -> u64| self.kept().map(of).sum();
        (sum(|run| run.bookings), sum(|run| run.kills))
    }

    pub(crate) fn found(&mut self, found: Found) {
        self.planted.retain(|known| known.mistake != found.mistake);
        self.planted.push(found);
    }

    /// As docs/PROMISES.md shows them.
    pub(crate) fn section(&self) -> String {
        let sum = |of: fn(&Done) -> u64| self.kept().map(of).sum::<u64>();
        let mut text = String::from(
            "| runs in which all was kept | bookings | refused | without an answer | faults | kills | of them at a crash point | hours |\n|---|---|---|---|---|---|---|---|\n",
        );
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {:.1} |",
            self.kept().count(),
            sum(|run| run.bookings),
            sum(|run| run.refused),
            sum(|run| run.unknown),
            sum(|run| run.faults),
            sum(|run| run.kills),
            sum(|run| run.at_crash_points),
            std::time::Duration::from_secs(sum(|run| run.seconds)).as_secs_f64() / 3_600.0,
        );
        for Done { seed, broken, .. } in &self.runs {
            if let Some(what) = broken {
                let _ = writeln!(text, "\nSeed {seed} ended otherwise: {what}");
            }
        }
        text.push_str("\n| planted mistake | what is wrong | found by | seconds |\n|---|---|---|---|\n");
        for found in &self.planted {
            let Found { mistake, what, by, seconds } = found;
            let _ = writeln!(text, "| {mistake} | {what} | {by} | {seconds} |");
        }
        text
    }

    /// The page with its section made anew.
    pub(crate) fn page_anew(&self, page: &str) -> Result<String, Failed> {
        let parts = page.split_once(BEGINS).and_then(|(before, rest)| {
            let (_, after) = rest.split_once(ENDS)?;
            Some((before, after))
        });
        let (before, after) = parts.ok_or_else(|| Failed::new(format!("the page has no {BEGINS}")))?;
        Ok(format!("{before}{BEGINS}{}{ENDS}{after}", self.section()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(seed: u64) -> Done {
        Done::of(seed, &Figures { bookings: 10, kills: 2, seconds: 60.5, ..Figures::default() })
    }

    #[test]
    fn a_campaign_goes_on_behind_its_last_seed_and_its_figures_are_the_sum() {
        let results = Results { runs: vec![done(4), done(9)], planted: Vec::new() };
        assert_eq!((results.next_seed(), results.sum()), (10, (20, 4)));
        assert_eq!(Results::default().next_seed(), 1);
        let broken = Done { broken: Some("a promise".to_owned()), ..done(12) };
        let results = Results { runs: vec![done(4), broken], planted: Vec::new() };
        assert_eq!((results.next_seed(), results.sum()), (13, (10, 2)), "it is told, and not counted");
        assert!(results.section().contains("Seed 12 ended otherwise: a promise"));
    }

    #[test]
    fn the_page_keeps_what_stands_around_the_section() {
        let mut results = Results { runs: vec![done(1)], planted: Vec::new() };
        let found = |seconds| Found {
            mistake: "memory-kept".to_owned(),
            what: "w".to_owned(),
            by: "the audit".to_owned(),
            seconds,
        };
        results.found(found(9));
        results.found(found(7));
        let page = results.page_anew(&format!("# A\n{BEGINS}old\n{ENDS}\nB\n")).unwrap();
        assert!(page.starts_with("# A\n") && page.ends_with("\nB\n") && !page.contains("old"));
        assert!(page.contains("| memory-kept | w | the audit | 7 |") && !page.contains("| 9 |"));
        assert_eq!(results.page_anew(&page).unwrap(), page);
        assert!(results.page_anew("# A").is_err());
    }
}
