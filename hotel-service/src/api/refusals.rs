//! From what the rules and the stores say to problems.

use platform::{
    api::{Code, Problem, Violations},
    mysql::DbError,
};

use crate::{
    domain::{faults::Faults, hotel::Immutable},
    published::EventRefused,
    store::StoreError,
};

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

fn with_code(faults: &Faults, code: Code) -> Problem {
    let mut violations = Violations::new();
    for fault in faults.iter() {
        violations.note(&fault.pointer, &fault.invalid);
    }
    violations.into_problem(code)
}

impl From<Faults> for Problem {
    fn from(faults: Faults) -> Self {
        with_code(&faults, Code::InvalidField)
    }
}

impl From<Immutable> for Problem {
    fn from(Immutable(faults): Immutable) -> Self {
        with_code(&faults, Code::ImmutableField)
    }
}

impl From<EventRefused> for Problem {
    fn from(error: EventRefused) -> Self {
        match error {
            EventRefused::TooLarge { .. } => {
                let mut faults = Faults::default();
                faults.note("#", ::domain::Invalid::new("too_large", "All of it together is too large."));
                Self::from(faults)
            }
            EventRefused::Unwritable(_) => Self::internal(error),
        }
    }
}
