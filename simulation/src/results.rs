//! The file of results: every run is appended, its figures are the sum of all; and what planted mistakes took to be found.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};

use crate::run::Figures;

/// The file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) sum: Sum,
    pub(crate) runs: Vec<Run>,
    pub(crate) planted: Vec<Found>,
}

/// All runs together.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Sum {
    #[serde(flatten)]
    pub(crate) figures: Figures,
    pub(crate) seconds: f64,
}

/// One run of a campaign without a failure.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) first: u64,
    #[serde(flatten)]
    pub(crate) sum: Sum,
}

/// A planted mistake that was found.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) mistake: String,
    pub(crate) what: String,
    /// Seeds until it was found, that one included.
    pub(crate) seeds: u64,
    /// The promise that it broke.
    pub(crate) promise: String,
}

impl Results {
    /// What the file says; nothing if there is none.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        match fs::read(path) {
            Ok(text) => Ok(serde_json::from_slice(&text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// The seed behind all that were run.
    pub(crate) fn next(&self) -> u64 {
        self.runs.iter().map(|run| run.first.saturating_add(run.sum.figures.seeds)).max().unwrap_or(0)
    }

    pub(crate) fn append(&mut self, run: Run) {
        self.sum.figures = self.sum.figures.and(run.sum.figures);
        self.sum.seconds += run.sum.seconds;
        self.runs.push(run);
    }

    pub(crate) fn found(&mut self, found: Found) {
        self.planted.retain(|known| known.mistake != found.mistake);
        self.planted.push(found);
    }

    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        fs::write(path, text)
    }
}
