//! What is said of a promise that was not kept.

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    pub(crate) promise: &'static str,
    pub(crate) what: String,
}

/// Whether the promise was kept.
pub(crate) type Verdict = Result<(), Breach>;

impl Breach {
    /// The promise is broken.
    pub(crate) fn of(promise: &'static str, what: impl FnOnce() -> String) -> Verdict {
        Err(Self { promise, what: what() })
    }
}
