//! One keyspace for all tests; fresh ids keep them apart.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use scylla::client::{session::Session, session_builder::SessionBuilder};
use tokio::sync::OnceCell;

use crate::stack;

/// The tests' keyspace: one for each state of the schema, since `create table if not exists` changes none that is there.
pub fn keyspace() -> String {
    let mut schema = DefaultHasher::new();
    for statement in migrations::ARCHIVE {
        statement.cql.hash(&mut schema);
    }
    format!("vacancy_test_{}_{:08x}", stack::word(), schema.finish() >> 32)
}

static MADE: OnceCell<()> = OnceCell::const_new();

/// Where the archive is: nodes and keyspace, its tables made.
#[derive(Debug, Clone)]
pub struct Archive {
    /// `host:port` of each node.
    pub nodes: Vec<String>,
    /// The keyspace.
    pub keyspace: String,
}

/// The tests' archive. Tests use fresh ids as partition keys and leave their rows.
pub async fn archive() -> Archive {
    let nodes = stack::cassandra_nodes();
    MADE.get_or_init(|| make(&nodes)).await;
    Archive { nodes, keyspace: keyspace() }
}

/// A session in the tests' keyspace.
pub async fn session() -> Session {
    let archive = archive().await;
    let session = connect(&archive.nodes).await;
    session.use_keyspace(keyspace(), false).await.expect("the keyspace is there");
    session
}

async fn connect(nodes: &[String]) -> Session {
    SessionBuilder::new().known_nodes(nodes).build().await.unwrap_or_else(|error| {
        panic!("no Cassandra at {nodes:?} (cargo xtask stack up --instance test): {error}")
    })
}

async fn make(nodes: &[String]) {
    let session = connect(nodes).await;
    let made = migrations::archive_keyspace(&keyspace(), 1);
    session.query_unpaged(made, &[]).await.expect("the keyspace can be made");
    session.use_keyspace(keyspace(), false).await.expect("the keyspace is there");
    for statement in migrations::ARCHIVE {
        session.query_unpaged(statement.cql, &[]).await.expect("the tables can be made");
    }
    session.await_schema_agreement().await.expect("the nodes agree");
}
