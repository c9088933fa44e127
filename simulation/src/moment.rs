//! When something was.

use domain::Instant;

/// A moment: its step, and what the database's clock showed.
pub(crate) type Moment = (u64, Instant);
