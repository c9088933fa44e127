//! A breach of the house's rules.

use std::path::PathBuf;

/// A rule that is not kept: where, what, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Breach {
    pub(super) place: PathBuf,
    pub(super) what: String,
    pub(super) remedy: &'static str,
}
