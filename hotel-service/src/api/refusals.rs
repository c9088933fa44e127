//! From what the rules and the stores say to problems.

use ::domain::{Faults, Invalid};
use platform::{
    api::{Code, Problem},
    mysql::DbError,
};

use crate::{domain::hotel::Immutable, published::EventRefused, store::StoreError};

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable(
                DbError::Deadlock(_)
                | DbError::LockTimeout(_)
                | DbError::ConnectionLost(_)
                | DbError::CommitUnknown(_),
            ) => Self::unavailable(error),
            StoreError::Unavailable(DbError::Unique { .. } | DbError::Check { .. } | DbError::Other(_))
            | StoreError::Corrupt { .. } => Self::internal(error),
        }
    }
}

impl From<Immutable> for Problem {
    fn from(Immutable(faults): Immutable) -> Self {
        Self::new(Code::ImmutableField).faults(&faults)
    }
}

impl From<EventRefused> for Problem {
    fn from(error: EventRefused) -> Self {
        match error {
            EventRefused::TooLarge { .. } => {
                let mut faults = Faults::default();
                faults.note("#", Invalid::new("too_large", "All of it together is too large."));
                Self::from(faults)
            }
            EventRefused::Unwritable(_) => Self::internal(error),
        }
    }
}
