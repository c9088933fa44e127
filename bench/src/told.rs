//! Errors of drivers as what a measurement ends with.

use e2e::failed::Failed;
use platform::causes::{BoxError, causes};

/// Turns any error into [`Failed`], with its causes.
pub(crate) trait OrFailed<T> {
    /// What it is, or that it failed.
    fn or_failed(self) -> Result<T, Failed>;
}

impl<T, E: Into<BoxError>> OrFailed<T> for Result<T, E> {
    fn or_failed(self) -> Result<T, Failed> {
        self.map_err(|error| {
            let error: BoxError = error.into();
            Failed::new(causes(&*error))
        })
    }
}
