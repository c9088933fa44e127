use sqlx::mysql::MySqlDatabaseError;

/// What a failure of the database means to a unit of work.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// 1213: the server rolled the whole transaction back.
    #[error("deadlock: the transaction was rolled back")]
    Deadlock(#[source] sqlx::Error),
    /// 1205: only the statement was rolled back; roll the transaction back yourself.
    #[error("a lock was not given in time")]
    LockTimeout(#[source] sqlx::Error),
    /// A unique key holds this value already. The constraint's name without its table, as `PRIMARY`.
    #[error("the unique key {constraint} holds this value already")]
    Unique {
        /// Name of the key, from the server's message.
        constraint: String,
        /// The server's error.
        #[source]
        source: sqlx::Error,
    },
    /// A CHECK constraint refused the row.
    #[error("the check {constraint} refused the row")]
    Check {
        /// Name of the constraint, from the server's message.
        constraint: String,
        /// The server's error.
        #[source]
        source: sqlx::Error,
    },
    /// The connection broke, or none was to be had; nothing of an open transaction remains.
    #[error("the database does not answer")]
    ConnectionLost(#[source] sqlx::Error),
    /// COMMIT was sent and its answer lost: it may or may not have happened. Run the same work again with the same ids.
    #[error("the outcome of the commit is unknown")]
    CommitUnknown(#[source] sqlx::Error),
    /// Anything else: a mistake of ours, or a row that does not parse.
    #[error("the database refused the statement")]
    Other(#[source] sqlx::Error),
}

const DEADLOCK: u16 = 1213;
const LOCK_WAIT_TIMEOUT: u16 = 1205;
/// A row is locked, and the statement was told not to wait.
const LOCK_NOWAIT: u16 = 3572;
/// The server is going, read-only, full or out of connections: the same statement may work in a moment.
const SERVER_UNAVAILABLE: [u16; 9] = [1021, 1040, 1041, 1053, 1080, 1114, 1290, 3032, 4031];

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        classify(error)
    }
}

impl DbError {
    /// Whether the whole unit of work may simply be run again. An unknown commit may not: its caller must expect its own effect.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Deadlock(_) | Self::LockTimeout(_) | Self::ConnectionLost(_) => true,
            Self::Unique { .. } | Self::Check { .. } | Self::CommitUnknown(_) | Self::Other(_) => false,
        }
    }

    /// Whether the unique key of this name refused the value.
    pub fn violates(&self, name: &str) -> bool {
        matches!(self, Self::Unique { constraint, .. } if constraint == name)
    }
}

/// What an error outside of COMMIT means.
pub fn classify(error: sqlx::Error) -> DbError {
    let Some((number, message)) = server_error(&error) else { return classify_driver(error) };
    match number {
        DEADLOCK => DbError::Deadlock(error),
        LOCK_WAIT_TIMEOUT | LOCK_NOWAIT => DbError::LockTimeout(error),
        1062 | 1586 => DbError::Unique { constraint: key_name(&message), source: error },
        3819 | 4025 => DbError::Check { constraint: key_name(&message), source: error },
        n if SERVER_UNAVAILABLE.contains(&n) => DbError::ConnectionLost(error),
        _ => DbError::Other(error),
    }
}

/// What an error of COMMIT itself means: whatever the server did not say clearly is unknown.
pub(crate) fn classify_commit(error: sqlx::Error) -> DbError {
    match classify(error) {
        DbError::ConnectionLost(source) => DbError::CommitUnknown(source),
        clear @ (DbError::Deadlock(_)
        | DbError::LockTimeout(_)
        | DbError::Unique { .. }
        | DbError::Check { .. }
        | DbError::CommitUnknown(_)
        | DbError::Other(_)) => clear,
    }
}

/// Whether the unit of work that failed with this may be run again: deadlock, lock wait, lost connection, no connection free.
pub fn is_transient(error: &sqlx::Error) -> bool {
    match server_error(error) {
        Some((number, _)) => {
            number == DEADLOCK || number == LOCK_WAIT_TIMEOUT || SERVER_UNAVAILABLE.contains(&number)
        }
        None => is_connection(error),
    }
}

fn classify_driver(error: sqlx::Error) -> DbError {
    if is_connection(&error) { DbError::ConnectionLost(error) } else { DbError::Other(error) }
}

fn is_connection(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
    )
}

fn server_error(error: &sqlx::Error) -> Option<(u16, String)> {
    let database = error.as_database_error()?;
    let mysql = database.try_downcast_ref::<MySqlDatabaseError>()?;
    Some((mysql.number(), mysql.message().to_owned()))
}

/// The last name quoted in the message is the key, on 8 and later with its table (`... for key 'bookings.by_reference'`); of a
/// check it is the only one (`Check constraint 'available' is violated.`).
fn key_name(message: &str) -> String {
    let quoted = message.rsplit('\'').nth(1).unwrap_or_default();
    quoted.rsplit('.').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constraint_is_named_without_its_table() {
        assert_eq!(key_name("Duplicate entry 'a.b' for key 'bookings.by_reference'"), "by_reference");
        assert_eq!(key_name("Check constraint 'available_in_range' is violated."), "available_in_range");
        assert_eq!(key_name("no quotes"), "");
    }

    #[test]
    fn a_lost_answer_to_commit_is_unknown_and_not_run_again_blindly() {
        let lost = sqlx::Error::Io(std::io::Error::other("cut"));
        let error = classify_commit(lost);
        assert!(matches!(error, DbError::CommitUnknown(_)));
        assert!(!error.is_transient());
    }
}
