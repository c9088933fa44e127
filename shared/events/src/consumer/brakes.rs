//! What stops a consumer whose reader is broken, while its records are sound.

use std::sync::{Mutex, MutexGuard, PoisonError};

use delivery::{Outcome, RejectBrake};

/// So many records in a row that meet damage weigh as one refusal. A damaged room refuses its nights, which are some hundreds;
/// a thousand are a reader that can read nothing stored.
const DAMAGED_PER_REFUSAL: u32 = 50;

/// The brakes of one consumer, over all its partitions.
pub(super) struct Brakes(Mutex<Pair>);

struct Pair {
    refused: RejectBrake,
    damaged: RejectBrake,
}

impl Brakes {
    /// Stops after so many refusals in a row.
    pub(super) const fn new(rejects_in_a_row: u32) -> Self {
        let refused = RejectBrake::new(rejects_in_a_row);
        let damaged = RejectBrake::new(rejects_in_a_row.saturating_mul(DAMAGED_PER_REFUSAL));
        Self(Mutex::new(Pair { refused, damaged }))
    }

    /// Notes what became of a record.
    pub(super) fn note(&self, outcome: Outcome) {
        let mut pair = self.pair();
        match outcome {
            Outcome::Done => {
                pair.refused.handled();
                pair.damaged.handled();
            }
            Outcome::Retry => {}
            Outcome::Rejected => {
                pair.refused.rejected();
            }
            Outcome::SetAside => {
                pair.damaged.rejected();
            }
        }
    }

    /// Whether the reader is broken, not the records.
    pub(super) fn are_on(&self) -> bool {
        let pair = self.pair();
        pair.refused.is_stopped() || pair.damaged.is_stopped()
    }

    fn pair(&self) -> MutexGuard<'_, Pair> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
