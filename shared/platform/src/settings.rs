//! Settings: the kit's defaults, the service's defaults, a file, the environment; later ones win.
//!
//! Everything wrong is reported at once, each with its key and where it was set.

mod kit;
mod layers;
mod network;

use std::{fmt, path::Path};

use layers::Layers;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

pub use kit::{
    AuthSettings, ForwardedHeader, HttpSettings, KitSettings, LimitSettings, LogFormat, RateSettings,
    RoleLimitSettings, TelemetrySettings, TimeZoneSettings, empty_is_none,
};
pub use network::Network;

/// The kit's own defaults, every key with its reason.
pub const KIT_DEFAULTS: &str = include_str!("../kit.default.toml");

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

/// Puts settings together.
#[derive(Debug)]
pub struct Loader {
    layers: Layers,
    problems: Vec<SettingProblem>,
}

impl Loader {
    /// Over the kit's defaults, the service's own `config.default.toml`.
    #[must_use]
    pub fn new(defaults: &str) -> Self {
        let mut loader = Self { layers: Layers::default(), problems: Vec::new() };
        loader.add("the kit's defaults", KIT_DEFAULTS);
        loader.add("the service's defaults", defaults);
        loader.layers.end_of_defaults();
        loader
    }

    /// A TOML file.
    #[must_use]
    pub fn file(mut self, path: &Path) -> Self {
        let source = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => self.add(&source, &text),
            Err(error) => self.problems.push(SettingProblem::new(source, format!("cannot be read: {error}"))),
        }
        self
    }

    /// The variables that start with `VACANCY_<service>__`, such as `VACANCY_HOTEL__KIT__HTTP__LISTEN`.
    #[must_use]
    pub fn env(mut self, service: &str, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let prefix = format!("VACANCY_{service}__");
        for (name, text) in variables {
            if let Some(key) = name.strip_prefix(&prefix) {
                self.layers.set_text(key.split("__"), &text, &name);
            }
        }
        self
    }

    /// One key, such as `kit.http.listen`: for tests and for one-machine binaries.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.layers.set(key.split('.').map(str::to_owned).collect(), value.into(), "the program");
        self
    }

    /// The settings, or all that is wrong with them.
    pub fn load<T: DeserializeOwned>(mut self) -> Result<T, SettingProblems> {
        let read = self.layers.read::<T>(&mut self.problems);
        match read {
            Some(settings) if self.problems.is_empty() => Ok(settings),
            Some(_) | None => Err(SettingProblems(self.problems)),
        }
    }

    fn add(&mut self, source: &str, text: &str) {
        match text.parse::<Table>() {
            Ok(table) => self.layers.merge(table, source),
            Err(error) => {
                self.problems.push(SettingProblem::new(source, format!("is not TOML: {}", error.message())));
            }
        }
    }
}

#[cfg(test)]
mod tests;
