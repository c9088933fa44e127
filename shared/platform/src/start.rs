//! Why a service does not start.

use crate::{causes::BoxError, settings::SettingProblems};

/// Why a service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings are not usable.
    #[error(transparent)]
    Settings(#[from] SettingProblems),
    /// Something that the start needs failed.
    #[error("{what} failed")]
    Failed {
        /// Such as `connecting to MySQL`.
        what: &'static str,
        /// Why.
        #[source]
        source: BoxError,
    },
}

impl StartError {
    /// `what` (such as `connecting to MySQL`) failed because of `source`.
    pub fn failed(what: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Failed { what, source: source.into() }
    }
}
