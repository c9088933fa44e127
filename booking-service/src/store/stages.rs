//! How long the stages of a batch take.

use std::time::Instant;

/// A stage that began then is over.
pub(crate) fn took(stage: &'static str, began: Instant) {
    metrics::histogram!("booking_batch_seconds", "stage" => stage).record(began.elapsed().as_secs_f64());
}
