//! The file of results: every run is appended, its figures are the sum of all; and how long planted mistakes took to be found.
//! docs/PROMISES.md has a section that is made of it.

mod section;

use std::{fs, io, path::Path};

use e2e::failed::Failed;
use serde::{Deserialize, Serialize};

use super::{points::Tally, run::Figures, snapshot::Stays};

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
    /// Answers to a repeat under a key that was answered before; none where they were counted as bookings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) repeated: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stays: Option<Stays>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) points: Option<Vec<Tally>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stamp: Option<Stamp>,
    /// The promise that was broken in it, or what else ended it; none where every promise was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) broken: Option<String>,
}

/// Of which build a run was, and how much it was to bear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// With a `+` if something was changed since; none where nothing knows it.
    pub(crate) commit: Option<String>,
    pub(crate) release: bool,
    pub(crate) crowd: u64,
    pub(crate) at_once: u64,
    pub(crate) minutes: u64,
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
            at_crash_points: figures.at_points(),
            faults: figures.faults,
            seconds: std::time::Duration::from_secs_f64(figures.seconds).as_secs(),
            repeated: Some(figures.repeated),
            stays: figures.stays,
            points: Some(figures.points.clone()),
            stamp: None,
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

    /// The page with its section made anew.
    pub(crate) fn page_anew(&self, page: &str) -> Result<String, Failed> {
        let parts = page.split_once(BEGINS).and_then(|(before, rest)| {
            let (_, after) = rest.split_once(ENDS)?;
            Some((before, after))
        });
        let (before, after) = parts.ok_or_else(|| Failed::new(format!("the page has no {BEGINS}")))?;
        Ok(format!("{before}{BEGINS}{}{ENDS}{after}", section::of(self)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(seed: u64) -> Done {
        Done::of(seed, &Figures { bookings: 10, kills: 2, seconds: 60.5, ..Figures::default() })
    }

    /// A run with one point, of a build that is known.
    fn stamped(commit: &str, crowd: u64) -> Done {
        let stamp = Stamp { commit: Some(commit.to_owned()), release: true, crowd, at_once: 2, minutes: 5 };
        let armed = Tally {
            service: "hotel-service".to_owned(),
            point: "relay-after-read".to_owned(),
            armed: 2,
            died: 1,
        };
        let figures = Figures { bookings: 10, kills: 2, points: vec![armed], ..Figures::default() };
        Done { stamp: Some(stamp), stays: Some(Stays { completed: 7, purged: 3 }), ..Done::of(3, &figures) }
    }

    #[test]
    fn an_entry_of_before_is_read_and_what_it_does_not_say_is_unknown() {
        let old = r#"{"runs": [{"seed": 1, "bookings": 5, "refused": 2, "unknown": 0, "kills": 3, "at_crash_points": 1,
            "faults": 4, "seconds": 301}], "planted": []}"#;
        let mut results: Results = serde_json::from_str(old).unwrap();
        let text = section::of(&results);
        assert!(text.contains("| unknown | unknown | unknown | unknown | 1 | 5 | 3 | 0.1 |"), "{text}");
        assert!(text.contains("Of 1 runs it is not known at which crash points"), "{text}");
        assert!(text.contains("1 of them count a repeat under the same key"), "{text}");
        results.runs.push(stamped("abc1234", 0));
        let again: Results = serde_json::from_str(&serde_json::to_string(&results).unwrap()).unwrap();
        assert_eq!(again, results);
    }

    #[test]
    fn runs_of_one_build_and_size_are_a_line_and_points_are_added_up() {
        let runs = vec![stamped("abc1234", 96), stamped("abc1234", 96), stamped("abc1234+", 96)];
        let text = section::of(&Results { runs, planted: Vec::new() });
        assert!(text.contains("| abc1234 | release | 96 | 2 | 2 | 20 | 4 | 0.0 |"), "{text}");
        assert!(text.contains("| abc1234+ | release | 96 | 2 | 1 | 10 | 2 | 0.0 |"), "{text}");
        assert!(text.contains("| hotel-service | relay-after-read | 6 | 3 |"), "{text}");
        assert!(text.contains("In 3 of them 21 stays were completed and 9 of these purged"), "{text}");
        assert!(!text.contains("not known at which crash points"), "{text}");
    }

    #[test]
    fn a_campaign_goes_on_behind_its_last_seed_and_its_figures_are_the_sum() {
        let results = Results { runs: vec![done(4), done(9)], planted: Vec::new() };
        assert_eq!((results.next_seed(), results.sum()), (10, (20, 4)));
        assert_eq!(Results::default().next_seed(), 1);
        let broken = Done { broken: Some("a promise".to_owned()), ..done(12) };
        let results = Results { runs: vec![done(4), broken], planted: Vec::new() };
        assert_eq!((results.next_seed(), results.sum()), (13, (10, 2)), "it is told, and not counted");
        assert!(section::of(&results).contains("Seed 12 ended otherwise: a promise"));
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
