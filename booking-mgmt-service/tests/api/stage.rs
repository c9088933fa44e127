//! A running service over leased stores, and what the tests put into them.

use std::time::Duration;

use booking_mgmt_service::{MgmtApp, settings::Settings};
use domain::{
    HotelId, UserId,
    booking::{BookingRecord, BookingStatus},
};
use platform::{
    app::{self, App, Running},
    settings::Loader,
};
use records::{
    Archive as _,
    archive::cassandra::{CassandraArchive, CassandraSettings},
};
use testkit::{http::Http, unique_uuid};
use uuid::Uuid;

/// Longer than anything takes here on a loaded machine.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// Nobody listens there: port 1 needs root.
pub(crate) const NOBODY: &str = "127.0.0.1:1";

pub(crate) struct Stage {
    pub(crate) db: testkit::mysql::Lease,
    pub(crate) redis: testkit::redis::Lease,
    pub(crate) kafka: testkit::kafka::Lease,
    pub(crate) topic: String,
    pub(crate) archive: CassandraArchive,
    pub(crate) settings: Settings,
    http: Http,
    running: Running,
}

/// A service on real stores; `change` spoils some of its settings.
pub(crate) async fn with(change: impl FnOnce(Loader) -> Loader) -> Stage {
    let db = testkit::mysql::booking().await;
    let (redis, kafka) = (testkit::redis::lease().await, testkit::kafka::lease());
    let topic = kafka.topic("booking.events").await;
    kafka.topic("booking.events.dlq").await;
    let cassandra = testkit::cassandra::archive().await;
    // The user of a deployment: the service must never need more than to read.
    let url = db.as_user("vacancy_t_mgmt", &["select on {db}.*"]).await;
    let loader = Loader::new(MgmtApp::DEFAULT_TOML)
        .set("kit.auth.development_key", testkit::token::DEVELOPMENT_KEY)
        .set("kit.rate.caller_burst", 100_000)
        .set("mysql.url", url)
        .set("cassandra.nodes", cassandra.nodes.clone())
        .set("cassandra.keyspace", cassandra.keyspace.clone())
        .set("cassandra.connect_timeout_ms", 30_000)
        .set("cassandra.request_timeout_ms", 30_000)
        .set("cassandra.list_timeout_ms", 30_000)
        .set("redis.url", redis.url.clone())
        .set("kafka.brokers", kafka.brokers.clone())
        .set("kafka.group_protocol", "consumer")
        .set("consumer.topic", topic.clone())
        .set("consumer.group", kafka.name("mgmt-cache"));
    let settings: Settings = change(loader).load().expect("the settings of the stage");
    let running = launch(settings.clone()).await;
    let http = Http::at(format!("http://{}", running.address()));
    // A loaded machine takes its time.
    let settings_of_archive = CassandraSettings {
        connect_timeout_ms: 30_000,
        request_timeout_ms: 30_000,
        ..CassandraSettings::at(cassandra.nodes, cassandra.keyspace).unwrap()
    };
    let archive = CassandraArchive::new(settings_of_archive);
    Stage { db, redis, kafka, topic, archive, settings, http, running }
}

/// A copy of the service.
pub(crate) async fn launch(settings: Settings) -> Running {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    app::launch::<MgmtApp>(settings, listener).await.expect("the service starts")
}

/// A service on real stores.
pub(crate) async fn stage() -> Stage {
    with(|loader| loader).await
}

impl Stage {
    /// The service as this caller calls it.
    pub(crate) fn caller(&self, role: &str, user: impl Into<Uuid>) -> Http {
        self.http.as_caller(testkit::token(&[role], user.into()))
    }

    /// The service without a token.
    pub(crate) fn nobody(&self) -> Http {
        self.http.clone()
    }

    /// Writes the row as booking-service would.
    pub(crate) async fn active(&self, record: &BookingRecord) {
        testkit::booking::insert(&self.db.pool, record).await;
    }

    /// Writes the copy as archival-service would.
    pub(crate) async fn archived(&self, record: &BookingRecord) {
        self.archive.put(record).await.expect("the archive takes the copy");
    }

    /// What a purge leaves.
    pub(crate) async fn purge(&self, record: &BookingRecord) {
        let done = records::purge(&self.db.pool, record, record.updated_at).await.expect("MySQL answers");
        assert_eq!(done, records::Purge::Done);
    }

    /// The booking's invoice.
    pub(crate) async fn invoice(&self, record: &BookingRecord, number: &str) {
        let (invoice, booking) = (hex(unique_uuid()), hex(record.booking_id));
        let (hotel, user) = (hex(record.hotel_id), hex(record.user_id));
        self.db
            .execute(format!(
                "insert into invoices (invoice_id, booking_id, hotel_id, user_id, year, sequence, number, issued_at, total, \
                 currency, version, created_at, updated_at) values ({invoice}, {booking}, {hotel}, {user}, 2026, 42, \
                 '{number}', now(6), 96000, 'EUR', 1, now(6), now(6))"
            ))
            .await;
    }

    /// What goes back of a cancelled booking, in cents.
    pub(crate) async fn credit_note(&self, record: &BookingRecord, amount: i64) {
        let id = hex(unique_uuid());
        let (invoice, booking) = (hex(record.invoice_id.expect("an invoice")), hex(record.booking_id));
        let hotel = hex(record.hotel_id);
        self.db
            .execute(format!(
                "insert into credit_notes (credit_note_id, invoice_id, refund_id, booking_id, hotel_id, year, issued_at, \
                 amount, currency, version, created_at, updated_at) values ({id}, {invoice}, {id}, {booking}, {hotel}, 2026, \
                 now(6), {amount}, 'EUR', 1, now(6), now(6))"
            ))
            .await;
    }

    /// A hotel that booking-service has seen, and its owner.
    pub(crate) async fn hotel(&self, hotel: HotelId) -> Uuid {
        let owner = unique_uuid();
        self.db
            .execute(format!(
                "insert into hotels_seen (hotel_id, owner_id, name, time_zone, country_code, currency, check_in_time, \
                 check_out_time, phone, contact_email, cover_image_url, is_active, version, created_at, updated_at) \
                 values ({}, {}, 'Hotel Paradiso', 'Europe/Rome', 'IT', 'EUR', '15:00', '11:00', null, 'a@b.c', \
                 'https://img.example/cover.jpg', true, 1, now(6), now(6))",
                hex(hotel),
                hex(owner)
            ))
            .await;
        owner
    }

    pub(crate) async fn stop(self) {
        self.running.stop().await;
    }
}

/// A UUID as a literal of SQL.
pub(crate) fn hex(id: impl Into<Uuid>) -> String {
    format!("x'{}'", id.into().simple())
}

/// A booking of that user that arrives `days` days into 2026-12 and stays two nights.
pub(crate) fn booking(user: UserId, days: u32, status: BookingStatus) -> BookingRecord {
    let mut record = testkit::booking::record();
    record.user_id = user;
    let start = chrono::NaiveDate::from_ymd_opt(2026, 11, 1).unwrap() + chrono::Days::new(days.into());
    record.dates = domain::StayDates::parse(start, start + chrono::Days::new(2)).unwrap();
    record.status = status;
    record.version = if status == BookingStatus::Reserved { 1 } else { 3 };
    record
}

/// A user nobody else is.
pub(crate) fn user() -> UserId {
    UserId::from_uuid(unique_uuid())
}
