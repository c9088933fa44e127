//! What merges, and what becomes of a part.

use std::{sync::Arc, time::Duration};

use platform::clock::{Clock, ClockUnavailable};

use crate::index::{Index, IndexError};

/// Tries before contended documents are left to the consumer's own retry.
pub(super) const ATTEMPTS: u32 = 8;
/// The wait after a conflict, times the number of the try: others are writing the same document right now.
pub(super) const WAIT: Duration = Duration::from_millis(5);

/// Why parts are not merged, none of them as far as the caller can know. May pass.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The clock, which decides which nights are past, could not be read.
    #[error(transparent)]
    Clock(#[from] ClockUnavailable),
    /// Others wrote the same documents at each of our tries.
    #[error("a document was written by others at each of {ATTEMPTS} tries")]
    Contended,
}

/// What became of a part. Neither refusal passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    /// It is merged, or was.
    Done,
    /// The index will never take the document that came of it.
    Refused(String),
    /// What is stored cannot be read, and the part does not bring it anew.
    Damaged(String),
}

/// Merges parts into an index. Late, duplicate and concurrent parts end in the same documents.
#[derive(Clone)]
pub struct Merger {
    pub(super) index: Arc<dyn Index>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Merger {
    /// A merger into `index`.
    pub fn new(index: Arc<dyn Index>, clock: Arc<dyn Clock>) -> Self {
        Self { index, clock }
    }
}
