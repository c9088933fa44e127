//! Why nothing was found.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::query::Step;

/// Why nothing was found: the first thing to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoResultsReason {
    /// No hotel matches the text or locality with these stars, tags and currency.
    NoMatch,
    /// There are rooms; none is free on every night.
    SoldOut,
    /// There are rooms; none is in the price range.
    Price,
    /// There are rooms; none is big enough for the party, or has so many units.
    Occupancy,
    /// There are rooms; none can be booked for that time.
    Restricted,
}

/// The reason, given how many rooms were left at each step of [`Step::ALL`]: that of the first step that left none.
pub fn no_results_reason(left: &[u64]) -> Option<NoResultsReason> {
    let emptied = Step::ALL.into_iter().zip(left).find(|(_, left)| **left == 0);
    emptied.map(|(step, _)| match step {
        Step::Place => NoResultsReason::NoMatch,
        Step::Party => NoResultsReason::Occupancy,
        Step::Price => NoResultsReason::Price,
        Step::Zones => NoResultsReason::Restricted,
        Step::Nights => NoResultsReason::SoldOut,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_first_step_that_left_nothing() {
        for (left, reason) in [
            ([0, 0, 0, 0, 0], Some(NoResultsReason::NoMatch)),
            ([3, 0, 0, 0, 0], Some(NoResultsReason::Occupancy)),
            ([3, 2, 0, 0, 0], Some(NoResultsReason::Price)),
            ([3, 2, 1, 0, 0], Some(NoResultsReason::Restricted)),
            ([3, 2, 1, 1, 0], Some(NoResultsReason::SoldOut)),
            ([3, 2, 1, 1, 1], None),
        ] {
            assert_eq!(no_results_reason(&left), reason, "{left:?}");
        }
    }
}
