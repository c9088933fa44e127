//! Figures: medians and percentiles, printed and kept.

use std::{fmt::Write as _, path::Path, time::Duration};

use e2e::failed::Failed;
use serde::Serialize;

use crate::conditions::Conditions;

/// Rows of what was measured.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Figures {
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    figure: String,
    value: String,
}

impl Figures {
    /// Begins with what they were measured under.
    pub(crate) fn under(conditions: &Conditions) -> Self {
        let mut figures = Self::default();
        figures.tell("commit", conditions.origin.commit());
        figures.tell("day", conditions.origin.day());
        figures.tell("machine", conditions.machine.clone());
        figures.tell("server", conditions.server.clone());
        figures
    }

    /// Adds and prints a row.
    pub(crate) fn tell(&mut self, figure: &str, value: impl Into<String>) {
        let row = Row { figure: figure.to_owned(), value: value.into() };
        e2e::say!("{:<52} {}", row.figure, row.value);
        self.rows.push(row);
    }

    /// Writes `<name>.json` and `<name>.md` into the folder.
    pub(crate) fn write(&self, folder: &Path, name: &str) -> Result<(), Failed> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join(format!("{name}.json")), serde_json::to_string_pretty(self)? + "\n")?;
        let mut table = String::from("| figure | value |\n|---|---|\n");
        for row in &self.rows {
            let _infallible = writeln!(table, "| {} | {} |", row.figure, row.value);
        }
        std::fs::write(folder.join(format!("{name}.md")), table)?;
        e2e::say!("written to {}/{name}.json and .md", folder.display());
        Ok(())
    }
}

/// The middle one; of an even count the upper of the two.
pub(crate) fn median(values: &[u64]) -> u64 {
    percentile(values, 50)
}

/// The value that `percent` of all do not exceed (nearest rank).
pub(crate) fn percentile(values: &[u64], percent: usize) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len().saturating_mul(percent)).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

/// Milliseconds with one decimal, from microseconds.
pub(crate) fn millis(micros: u64) -> String {
    format!("{}.{} ms", micros / 1000, (micros % 1000) / 100)
}

/// Whole microseconds.
pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// `part / whole` with three decimals.
pub(crate) fn ratio(part: u64, whole: u64) -> String {
    let thousandths = part.saturating_mul(1000).checked_div(whole).unwrap_or(0);
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let values: Vec<u64> = (1..=200).collect();
        assert_eq!((median(&values), percentile(&values, 99), percentile(&values, 100)), (100, 198, 200));
        assert_eq!(median(&[]), 0);
    }

    #[test]
    fn figures_read_well() {
        assert_eq!(millis(12_345), "12.3 ms");
        assert_eq!(ratio(1, 3), "0.333");
    }
}
