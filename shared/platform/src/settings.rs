//! Settings: the kit's defaults, the service's defaults, a file, the environment; later ones win.
//!
//! Everything wrong is reported at once, each with its key and where it was set.

mod kit;
mod layers;
mod network;
mod problem;
mod secret;
mod sections;

use std::path::Path;

use layers::Layers;
use serde::de::DeserializeOwned;
use toml::Table;

pub use kit::{
    AuthSettings, ForwardedHeader, HttpSettings, KitSettings, LimitSettings, LogFormat, RateSettings,
    RoleLimitSettings, TelemetrySettings, TimeZoneSettings, empty_is_none,
};
pub use network::Network;
pub use problem::{ABOVE_ZERO, SettingProblem, SettingProblems, unmet};
pub use secret::Secret;
pub use sections::{KIT_DEFAULTS, section};
pub use toml::Value;

/// The settings of a service.
pub trait ServiceSettings: DeserializeOwned + Send + Sync + 'static {
    /// The part that the kit reads.
    fn kit(&self) -> &KitSettings;

    /// What contradicts itself in the service's own part.
    fn problems(&self) -> Vec<SettingProblem>;
}

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
        let mut kit = loader.parse("the kit's defaults", KIT_DEFAULTS);
        let mut service = loader.parse("the service's defaults", defaults);
        sections::fill(&mut service, &sections::take(&mut kit));
        loader.layers.merge(kit, "the kit's defaults");
        loader.layers.merge(service, "the service's defaults");
        loader.layers.end_of_defaults();
        loader
    }

    /// A TOML file.
    #[must_use]
    pub fn file(mut self, path: &Path) -> Self {
        let source = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let table = self.parse(&source, &text);
                self.layers.merge(table, &source);
            }
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

    fn parse(&mut self, source: &str, text: &str) -> Table {
        text.parse().unwrap_or_else(|error: toml::de::Error| {
            self.problems.push(SettingProblem::new(source, format!("is not TOML: {}", error.message())));
            Table::new()
        })
    }
}

#[cfg(test)]
mod tests;
