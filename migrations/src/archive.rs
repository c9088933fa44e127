//! The archive's tables, as CQL. Every statement may run twice.

/// A CQL statement and the name of the table it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveStatement {
    /// The table.
    pub table: &'static str,
    /// `create table if not exists ...`, without a keyspace: run it in the one that [`archive_keyspace`] makes.
    pub cql: &'static str,
}

/// The archive's tables, in the order in which they are made (domain.md, Tables).
pub const ARCHIVE: &[ArchiveStatement] = &[
    ArchiveStatement { table: "bookings_by_id", cql: include_str!("../archive/0001_bookings_by_id.cql") },
    ArchiveStatement { table: "bookings_by_user", cql: include_str!("../archive/0002_bookings_by_user.cql") },
    ArchiveStatement {
        table: "bookings_by_hotel",
        cql: include_str!("../archive/0003_bookings_by_hotel.cql"),
    },
    ArchiveStatement { table: "years_by_user", cql: include_str!("../archive/0004_years_by_user.cql") },
];

/// The statement that makes the keyspace; `replicas` copies per data centre (3 in production, 1 on one machine).
/// `keyspace` comes from settings, never from a request, and must be a plain name.
pub fn archive_keyspace(keyspace: &str, replicas: u8) -> String {
    format!(
        "create keyspace if not exists {keyspace} with replication = \
         {{'class': 'NetworkTopologyStrategy', 'replication_factor': {replicas}}} and durable_writes = true"
    )
}
