//! What is wrong with settings, each by its key.

use std::fmt;

/// One thing wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingProblem {
    /// The dotted key.
    pub key: String,
    /// What is wrong and what to do.
    pub says: String,
}

impl SettingProblem {
    /// About this key.
    pub fn new(key: impl Into<String>, says: impl Into<String>) -> Self {
        Self { key: key.into(), says: says.into() }
    }
}

impl fmt::Display for SettingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.says)
    }
}

/// What is said of a number that must not be 0.
pub const ABOVE_ZERO: &str = "must be above 0";

/// The problems among rules of (key, whether it holds, what the key must be).
pub fn unmet<'a>(rules: impl IntoIterator<Item = (&'a str, bool, &'a str)>) -> Vec<SettingProblem> {
    let broken = rules.into_iter().filter(|(_, holds, _)| !holds);
    broken.map(|(key, _, says)| SettingProblem::new(key, says)).collect()
}

/// All that is wrong with the settings.
#[derive(Debug)]
pub struct SettingProblems(pub Vec<SettingProblem>);

impl fmt::Display for SettingProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings are not usable")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for SettingProblems {}
