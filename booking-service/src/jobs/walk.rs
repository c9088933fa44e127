//! One booking's turn in a walk over many: what cannot be done for one must not hide those behind it.

use booking_core::Decided;
use domain::BookingId;
use platform::causes::causes;

use crate::bookings::BookingError;

/// What a turn came to: the decision, or nothing if the booking is passed by.
pub(super) fn taken(
    job: &'static str,
    booking: BookingId,
    turn: Result<Decided, BookingError>,
) -> Result<Option<Decided>, BookingError> {
    match turn {
        Ok(decided) => Ok(Some(decided)),
        Err(error) => pass_by(job, booking, error).map(|()| None),
    }
}

/// Passes a booking by, because the rules refuse, it cannot be read or what is stored contradicts what is decided: that is
/// logged and counted. Only stores that do not answer, and shards that take on no more, end the walk.
pub(super) fn pass_by(
    job: &'static str,
    booking: BookingId,
    error: BookingError,
) -> Result<(), BookingError> {
    match error {
        BookingError::Refused(_)
        | BookingError::Unknown(_)
        | BookingError::Unreadable(_)
        | BookingError::Stuck
        | BookingError::Failed => {
            metrics::counter!("booking_turns_passed_by_total", "job" => job).increment(1);
            tracing::error!(job, %booking, causes = causes(&error), "a booking was passed by: an operator must look");
            Ok(())
        }
        BookingError::Unavailable(_) | BookingError::Overloaded | BookingError::InProgress => Err(error),
    }
}
