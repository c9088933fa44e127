//! An archiver over leased stores, and what the tests put into them.

use std::{sync::Arc, time::Duration};

use archival_service::archiver::{ArchiveFailed, Archiver, Copied, Settled};
use domain::{
    BookingId, Instant,
    booking::{BookingRecord, BookingStatus, StatusReason},
};
use platform::{clock::DbClock, mysql};
use records::{
    ActiveBookings, Archive,
    archive::cassandra::{CassandraArchive, CassandraSettings},
};

/// Longer than anything takes here on a loaded machine.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// The rights that booking-service's `migrate` gives the user `archival`: nothing here may need more.
pub(crate) const RIGHTS: [&str; 5] = [
    "select on {db}.*",
    "delete, update (archived_version) on {db}.bookings",
    "delete on {db}.idempotency_keys",
    "insert on {db}.purged_bookings",
    "insert, update on {db}.archive_progress",
];

pub(crate) struct Stage {
    pub(crate) db: testkit::mysql::Lease,
    pub(crate) cassandra: testkit::cassandra::Archive,
    pub(crate) archive: Arc<dyn Archive>,
    pub(crate) archiver: Archiver,
}

pub(crate) async fn stage() -> Stage {
    let db = testkit::mysql::booking().await;
    let cassandra = testkit::cassandra::archive().await;
    let archive: Arc<dyn Archive> = Arc::new(archive_at(&cassandra));
    let archiver = archiver(&db, archive.clone()).await;
    Stage { db, cassandra, archive, archiver }
}

pub(crate) fn archive_at(cassandra: &testkit::cassandra::Archive) -> CassandraArchive {
    let settings = CassandraSettings::at(cassandra.nodes.clone(), cassandra.keyspace.clone()).unwrap();
    // A loaded machine takes its time.
    CassandraArchive::new(CassandraSettings {
        connect_timeout_ms: 30_000,
        request_timeout_ms: 30_000,
        ..settings
    })
}

pub(crate) async fn url(db: &testkit::mysql::Lease) -> String {
    db.as_user("vacancy_t_archival", &RIGHTS).await
}

/// A process that knows nothing of what went before.
pub(crate) async fn archiver(db: &testkit::mysql::Lease, archive: Arc<dyn Archive>) -> Archiver {
    let pool = mysql::connect(&mysql::MySqlSettings::at(url(db).await).unwrap()).expect("an address");
    Archiver::new(ActiveBookings::new(pool.clone()), archive, Arc::new(DbClock::new(pool)))
}

/// One booking by itself.
pub(crate) async fn copy(archiver: &Archiver, id: BookingId) -> Copied {
    archiver.copy_all(&[id], 1).await.unwrap().remove(0).1.unwrap()
}

/// One booking by itself.
pub(crate) async fn settle(
    archiver: &Archiver,
    id: BookingId,
    until: Instant,
) -> Result<Settled, ArchiveFailed> {
    archiver.settle_all(&[id], until, 1).await?.remove(0).1
}

impl Stage {
    pub(crate) async fn active(&self, record: &BookingRecord) {
        testkit::booking::insert(&self.db.pool, record).await;
    }

    /// How many rows of this booking a table of MySQL has.
    pub(crate) async fn rows(&self, table: &str, record: &BookingRecord) -> i64 {
        let id = record.booking_id.uuid().simple();
        self.db.number(format!("select count(*) from {table} where booking_id = x'{id}'")).await
    }

    /// Whether all three tables of the archive hold exactly this.
    pub(crate) async fn is_archived(&self, record: &BookingRecord) -> bool {
        self.archive.read_back(record).await.expect("the archive answers").as_ref() == Some(record)
    }

    /// Spoils the copy by id. A version is a write timestamp, far beyond any clock's: what is written without one is hidden.
    pub(crate) async fn damage_copy(&self, record: &BookingRecord) {
        let (id, at) = (record.booking_id, (record.version << 52) + 1);
        let keyspace = &self.cassandra.keyspace;
        let cql = format!(
            "update {keyspace}.bookings_by_id using timestamp {at} set record = 'x' where booking_id = {id}"
        );
        testkit::cassandra::session().await.query_unpaged(cql, ()).await.unwrap();
    }

    /// In MySQL or in the archive: never lost.
    pub(crate) async fn is_somewhere(&self, record: &BookingRecord) -> bool {
        self.rows("bookings", record).await == 1 || self.is_archived(record).await
    }
}

/// A booking that ended then.
pub(crate) fn ended(at: &str) -> BookingRecord {
    let mut record = testkit::booking::record();
    (record.status, record.status_reason) = (BookingStatus::Cancelled, Some(StatusReason::Traveller));
    record.version = 3;
    record.updated_at = at.parse().unwrap();
    record.cancelled_at = Some(record.updated_at);
    record
}

/// After everything in these tests has settled.
pub(crate) fn settled() -> Instant {
    "2027-01-01T00:00:00Z".parse().unwrap()
}
