//! Why a command ended without what was asked for, and what to do next.

use platform::{
    causes::{BoxError, causes},
    settings::SettingProblems,
};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The settings are not usable.
    #[error(
        "{0}\n  next: fix them in the file given with --config, or in VACANCY_ADMIN__… of the environment"
    )]
    Settings(#[from] SettingProblems),
    /// Something that was needed did not work.
    #[error("{doing} failed: {why}\n  next: {next}")]
    Failed {
        /// What was being done.
        doing: String,
        /// The error and its causes.
        why: String,
        /// What to do about it.
        next: &'static str,
    },
    /// What was asked for cannot be done.
    #[error("{says}\n  next: {next}")]
    Refused {
        /// Why not.
        says: String,
        /// What to do about it.
        next: &'static str,
    },
}

/// What to do when a server does not answer.
pub(crate) const IS_IT_UP: &str =
    "see whether it runs (`cargo xtask status`) and whether the settings name it";

impl Failure {
    /// For `map_err`: what was being done, and what to do about it.
    pub(crate) fn doing<E: Into<BoxError>>(
        doing: impl Into<String>,
        next: &'static str,
    ) -> impl FnOnce(E) -> Self {
        let doing = doing.into();
        move |error| Self::Failed { doing, why: causes(&*error.into()), next }
    }

    /// What cannot be done, and what to do instead.
    pub(crate) fn refused(says: impl Into<String>, next: &'static str) -> Self {
        Self::Refused { says: says.into(), next }
    }
}
