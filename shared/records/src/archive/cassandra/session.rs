//! The session: made when first needed, then kept; the driver reconnects by itself.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use scylla::{
    client::{
        PoolSize, execution_profile::ExecutionProfile, session::Session, session_builder::SessionBuilder,
    },
    errors::NewSessionError,
    statement::Consistency,
};
use tokio::sync::Mutex;

use super::{settings::CassandraSettings, statements::Statements};
use crate::archive::ArchiveError;

/// A session with its prepared statements.
pub(super) struct Open {
    pub(super) session: Session,
    pub(super) statements: Statements,
}

/// The way to the session.
pub(super) struct Connection {
    settings: CassandraSettings,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: Option<Arc<Open>>,
    failed: Option<Instant>,
}

/// Somebody has just tried in vain.
#[derive(Debug, thiserror::Error)]
#[error("connecting has just failed; nobody tries again for a moment")]
struct JustFailed;

impl Connection {
    pub(super) fn new(settings: CassandraSettings) -> Self {
        Self { settings, state: Mutex::default() }
    }

    /// The session. One caller connects at a time; after a failure everybody is refused at once for a moment, so that
    /// requests do not queue up behind a server that is down.
    pub(super) async fn open(&self) -> Result<Arc<Open>, ArchiveError> {
        let patience = Duration::from_millis(self.settings.connect_timeout_ms);
        let mut state = self.state.lock().await;
        if let Some(open) = &state.open {
            return Ok(open.clone());
        }
        if state.failed.is_some_and(|at| at.elapsed() < patience) {
            return Err(ArchiveError::unavailable(JustFailed));
        }
        let connected = tokio::time::timeout(patience, connect(&self.settings)).await;
        let connected = connected.map_err(ArchiveError::unavailable).flatten();
        match connected {
            Ok(open) => Ok(state.open.insert(Arc::new(open)).clone()),
            Err(error) => {
                state.failed = Some(Instant::now());
                Err(error)
            }
        }
    }
}

async fn connect(settings: &CassandraSettings) -> Result<Open, ArchiveError> {
    let session = builder(settings).use_keyspace(&settings.keyspace, false).build().await;
    let session = session.map_err(ArchiveError::unavailable)?;
    let statements = Statements::prepare(&session, i32::from(settings.page_rows)).await?;
    Ok(Open { session, statements })
}

fn builder(settings: &CassandraSettings) -> SessionBuilder {
    let profile = ExecutionProfile::builder()
        .consistency(Consistency::LocalQuorum)
        .request_timeout(Some(Duration::from_millis(settings.request_timeout_ms)))
        .build();
    let builder = SessionBuilder::new()
        .known_nodes(&settings.nodes)
        .connection_timeout(Duration::from_millis(settings.connect_timeout_ms))
        .pool_size(PoolSize::PerHost(std::num::NonZeroUsize::MIN))
        .default_execution_profile_handle(profile.into_handle());
    if settings.user.is_empty() { builder } else { builder.user(&settings.user, settings.password.expose()) }
}

/// Why the archive's tables were not made.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveMigrationError {
    /// Cassandra does not answer.
    #[error("Cassandra does not answer")]
    Connect(#[from] NewSessionError),
    /// A statement was refused.
    #[error("a statement was refused")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Makes the keyspace and its tables: CQL that may run twice (`migrations::archive_keyspace`, `migrations::ARCHIVE`).
pub async fn migrate(
    settings: &CassandraSettings,
    keyspace: &str,
    tables: &[&str],
) -> Result<(), ArchiveMigrationError> {
    let refused = |error: Box<dyn std::error::Error + Send + Sync>| ArchiveMigrationError::Refused(error);
    let session = builder(settings).build().await?;
    session.query_unpaged(keyspace, &[]).await.map_err(|error| refused(error.into()))?;
    session.use_keyspace(&settings.keyspace, false).await.map_err(|error| refused(error.into()))?;
    for table in tables {
        session.query_unpaged(*table, &[]).await.map_err(|error| refused(error.into()))?;
    }
    session.await_schema_agreement().await.map_err(|error| refused(error.into()))?;
    Ok(())
}
