//! One booking's turn in a walk over many: what cannot be done for one must not hide those behind it.

use booking_core::Decided;
use domain::BookingId;
use platform::causes::causes;

use crate::bookings::BookingError;

/// What a turn came to: the decision, or nothing if this booking is passed by, because the rules refuse or because it
/// cannot be read. That is logged and counted. Only stores that do not answer end the walk.
pub(super) fn taken(
    job: &'static str,
    booking: BookingId,
    turn: Result<Decided, BookingError>,
) -> Result<Option<Decided>, BookingError> {
    match turn {
        Ok(decided) => Ok(Some(decided)),
        Err(error @ (BookingError::Refused(_) | BookingError::Unreadable(_) | BookingError::Failed)) => {
            metrics::counter!("booking_turns_passed_by_total", "job" => job).increment(1);
            tracing::error!(job, %booking, causes = causes(&error), "a booking was passed by: an operator must look");
            Ok(None)
        }
        Err(error @ (BookingError::Unavailable(_) | BookingError::Overloaded | BookingError::InProgress)) => {
            Err(error)
        }
    }
}
