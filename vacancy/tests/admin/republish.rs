//! A Kafka that has lost everything is made anew from the databases.

use std::{process::Command, sync::Arc, time::Duration};

use booking_service::BookingApp;
use events::{
    kafka::{Kafka, KafkaSettings},
    outbox,
    relay::Relay,
};
use hotel_service::HotelApp;
use platform::{app::App, job::Job, settings::Loader, shutdown::Shutdown};
use search_service::reindex::reindex;
use testkit::{token::DEVELOPMENT_KEY, wait::eventually_equals};
use tokio::task::JoinSet;
use uuid::Uuid;
use vacancy::admin::{
    audit::Outcome,
    republish::{RepublishArgs, Republished, republish},
};

use crate::stage::Stage;

const NOTHING: RepublishArgs = RepublishArgs {
    hotels: false,
    nights: false,
    bookings: false,
    since: None,
    hotel: None,
    after: None,
    raise_version: false,
};
const HOTELS: RepublishArgs = RepublishArgs { hotels: true, ..NOTHING };
const NIGHTS: RepublishArgs = RepublishArgs { nights: true, ..NOTHING };

/// The relays of both services and the stock consumer, as the services run them.
struct Services {
    jobs: JoinSet<()>,
    stop: Shutdown,
}

impl Services {
    fn start(stage: &Stage) -> Self {
        let (stop, mut jobs) = (Shutdown::new(), JoinSet::new());
        for job in booking_jobs(stage).into_iter().chain([hotel_relay(stage)]) {
            let stop = stop.clone();
            jobs.spawn(async move { job.run(stop).await.unwrap() });
        }
        Self { jobs, stop }
    }

    async fn end(self) {
        self.stop.request();
        self.jobs.join_all().await;
    }
}

fn hotel_relay(stage: &Stage) -> Job {
    let settings: <HotelApp as App>::Settings = Loader::new(HotelApp::DEFAULT_TOML).load().unwrap();
    let log = Kafka::new(KafkaSettings::at(&stage.kafka.brokers).unwrap());
    let name = stage.kafka.name("hotel-service");
    Relay::new(name, stage.hotel.pool.clone(), Arc::new(log), settings.relay).job()
}

fn booking_jobs(stage: &Stage) -> Vec<Job> {
    let settings = Loader::new(BookingApp::DEFAULT_TOML)
        .set("kit.auth.development_key", DEVELOPMENT_KEY)
        .set("mysql.url", stage.booking.url.as_str())
        .set("kafka.brokers", stage.kafka.brokers.as_str())
        .set("events.prefix", stage.kafka.prefix.as_str())
        .set("database_users.mgmt_password", "x")
        .set("database_users.archival_password", "x")
        .set("checkout.base_url", "http://127.0.0.1:9")
        .set("checkout.secret", "a secret of the checkout")
        .set("provider.url", "http://127.0.0.1:9")
        .set("provider.api_key", "key")
        .set("callbacks.secrets", vec!["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
        .set("quotes.keys", Vec::<String>::new());
    booking_service::adapters::servers(settings.load().unwrap()).unwrap().jobs
}

impl Stage {
    async fn again(&self, args: &RepublishArgs) -> Republished {
        republish(&self.stores, args, &Shutdown::new()).await.unwrap()
    }

    /// Until both outboxes are published.
    async fn published(&self) {
        for pool in [&self.hotel.pool, &self.booking.pool] {
            let waiting = || async { outbox::unpublished(pool).await.unwrap() };
            eventually_equals(Duration::from_mins(1), 0, waiting).await;
        }
    }

    /// Until that, and booking-service sells what hotel-service says.
    async fn settles(&self) {
        self.published().await;
        eventually_equals(Duration::from_mins(1), true, || self.is_clean("stock")).await;
    }

    async fn is_clean(&self, check: &str) -> bool {
        self.audit(&[check]).await.pop().unwrap().outcome == Outcome::Clean
    }

    /// Whether `vacancy admin republish --hotels` succeeds, and what it prints.
    async fn command(&self) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vacancy"));
        command.args(["admin", "republish", "--hotels"]).env_remove("VACANCY_CONFIG");
        for (key, value) in [
            ("MYSQL__HOTEL__URL", &self.hotel.url),
            ("MYSQL__BOOKING__URL", &self.booking.url),
            ("EVENTS__PREFIX", &self.kafka.prefix),
        ] {
            command.env(format!("VACANCY_ADMIN__{key}"), value);
        }
        let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        (done.status.success(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
    }

    async fn rebuild(&self) -> u64 {
        reindex(&self.search, &Shutdown::new()).await.unwrap().visible_rooms
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_event_log_is_made_anew_from_the_databases() {
    let mut stage = Stage::set().await;
    stage.stores.settings.republish.page = 2;
    // Nothing is in the topics, the index follows them, and booking-service knows no hotel.
    assert_eq!(stage.rebuild().await, 0);
    for statement in ["delete from room_stock", "delete from hotels_seen"] {
        sqlx::query(statement).execute(&stage.booking.pool).await.unwrap();
    }
    assert!(!stage.is_clean("stock").await && !stage.is_clean("search").await);

    let services = Services::start(&stage);
    let rooms: i64 = stage.hotel.number("select count(*) from rooms").await;
    let told = stage.again(&HOTELS).await;
    assert_eq!(told, Republished { told: 1 + rooms.unsigned_abs(), ..Republished::default() });
    stage.settles().await;
    assert_eq!(stage.again(&NIGHTS).await, Republished { told: 2, ..Republished::default() });
    stage.settles().await;
    assert_eq!(stage.rebuild().await, rooms.unsigned_abs());
    // Once more harms nothing: readers know these versions.
    stage.again(&HOTELS).await;
    stage.again(&NIGHTS).await;
    stage.settles().await;
    stage.rebuild().await;
    for found in stage.audit(&["outboxes", "stock", "nights", "search", "letters"]).await {
        assert_eq!(found.outcome, Outcome::Clean, "{}: {:?}", found.name, found.shown);
    }
    services.end().await;
    stage.archive.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_that_are_ahead_of_a_restored_database_follow_once_versions_are_raised() {
    let stage = Stage::set().await;
    let services = Services::start(&stage);
    for table in ["hotels", "rooms"] {
        let sql = format!("update {table} set version = version + 7");
        stage.hotel.execute(sql).await;
    }
    stage.again(&HOTELS).await;
    stage.again(&NIGHTS).await;
    stage.settles().await;
    stage.rebuild().await;
    assert!(stage.is_clean("search").await);

    for table in ["hotels", "rooms"] {
        stage.hotel.execute(format!("update {table} set version = version - 7")).await;
    }
    stage.booking.execute("update available_rooms set available_quantity = 5, version = 1").await;
    let raised = |args: RepublishArgs| RepublishArgs { raise_version: true, ..args };
    for args in [HOTELS, NIGHTS] {
        stage.again(&args).await;
    }
    stage.published().await;
    stage.rebuild().await;
    assert!(!stage.is_clean("search").await, "readers took an older version");
    for args in [HOTELS, NIGHTS] {
        stage.again(&raised(args)).await;
    }
    stage.settles().await;
    stage.rebuild().await;
    let search = stage.audit(&["search"]).await.pop().unwrap();
    assert_eq!(search.outcome, Outcome::Clean, "{:?}", search.shown);
    services.end().await;
    stage.archive.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_again_waits_for_the_relay_stops_when_asked_and_goes_on() {
    let mut stage = Stage::set().await;
    let hotel: Vec<u8> =
        sqlx::query_scalar("select hotel_id from hotels").fetch_one(&stage.hotel.pool).await.unwrap();
    let hotel = Uuid::from_slice(&hotel).unwrap();
    let rooms = stage.hotel.number("select count(*) from rooms").await.unsigned_abs();
    stage.stores.settings.republish.page = 1;
    let (mut args, mut told) = (HOTELS, 0);
    let stopped = Shutdown::new();
    stopped.request();
    loop {
        let page = republish(&stage.stores, &args, &stopped).await.unwrap();
        told += page.told;
        let Some(key) = page.stopped_at else { break };
        args.after = Some(key);
    }
    assert_eq!(told, 1 + rooms);
    let twice = "select count(*) from (select e.record_key from outbox o, json_table(convert(o.entries using utf8mb4), \
                 '$[*].record' columns (record_key varchar(128) path '$.key')) e where o.published_at is null \
                 group by e.record_key having count(*) > 1) twice";
    assert_eq!(stage.hotel.number(twice).await, 0, "each is told once");

    // Nobody publishes: it gives up, and says where.
    stage.stores.settings.republish.most_waiting = 1;
    stage.stores.settings.republish.stalled_ms = 300;
    let refused = republish(&stage.stores, &HOTELS, &Shutdown::new()).await.unwrap_err().to_string();
    assert!(refused.contains("hotel-service") && refused.contains("go on"), "{refused}");
    stage.stores.settings.republish.most_waiting = 20_000;
    let of = |hotel| RepublishArgs { hotel: Some(hotel), ..HOTELS };
    assert_eq!(stage.again(&of(hotel)).await.told, 1 + rooms);
    for args in [of(Uuid::max()), RepublishArgs { hotel: Some(Uuid::max()), ..NIGHTS }] {
        let refused = republish(&stage.stores, &args, &Shutdown::new()).await.unwrap_err().to_string();
        assert!(refused.contains("knows no hotel"), "{refused}");
    }
    stage.archive.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_told_ends_no_run_and_is_named_with_a_failure_in_the_end() {
    let mut stage = Stage::set().await;
    let rooms = stage.hotel.number("select count(*) from rooms").await.unsigned_abs();
    let first = "select bin_to_uuid(min(room_id)) from rooms";
    let broken: String = sqlx::query_scalar(first).fetch_one(&stage.hotel.pool).await.unwrap();
    stage
        .hotel
        .execute(format!("update rooms set currency = 'ZZZ' where room_id = uuid_to_bin('{broken}')"))
        .await;
    stage.stores.settings.republish.page = 1;
    let done = stage.again(&HOTELS).await;
    let rows: Vec<_> = done.passed_by.iter().map(|passed| passed.row.clone()).collect();
    assert_eq!((done.told, rows), (rooms, vec![format!("rooms {broken}")]));

    let (whole, says) = stage.command().await;
    assert!(!whole && says.contains(&format!("{rooms} events are in the outbox")), "{says}");
    assert!(
        says.contains(&format!("1 rows cannot be told and were passed by:\n  rooms {broken}: ")),
        "{says}"
    );
    stage.hotel.execute("update rooms set currency = (select currency from hotels)").await;
    let (whole, says) = stage.command().await;
    assert!(whole, "{says}");

    // What is too large for readers is hotel-service's to say.
    let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    std::fs::write(file.path(), "[events]\nmost_bytes = 64\n").unwrap();
    stage.stores.settings.service_settings.hotel = Some(file.path().to_str().unwrap().to_owned());
    let done = stage.again(&HOTELS).await;
    assert_eq!((done.told, done.passed_by.len()), (0, 1 + usize::try_from(rooms).unwrap()));
    assert!(done.passed_by[0].why.contains("64 are allowed"), "{:?}", done.passed_by[0]);
    stage.archive.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_bookings_are_told_again_as_far_as_their_history_tells_of_them() {
    let mut stage = Stage::set().await;
    stage.stores.settings.republish.page = 2;
    let long_ago = "2026-01-01T00:00:00Z".parse().unwrap();
    let args = RepublishArgs { bookings: true, since: Some(long_ago), ..NOTHING };
    let done = stage.again(&args).await;
    // The world's transitions are from before the names of their events were kept.
    let mut named: Vec<_> = done.passed_by.iter().map(|passed| passed.row.as_str()).collect();
    named.sort_unstable();
    let mut expected =
        [&stage.world.paid, &stage.world.cancelled].map(|one| format!("booking.events {}", one.booking_id));
    expected.sort_unstable();
    assert_eq!((done.told, named), (1, expected.iter().map(String::as_str).collect()));
    assert!(done.passed_by[0].why.contains("under which id version 2 was told"), "{:?}", done.passed_by[0]);

    let later = RepublishArgs { since: Some(long_ago.plus(chrono::TimeDelta::days(40_000))), ..args };
    assert_eq!(stage.again(&later).await, Republished::default(), "nothing was decided since then");
    stage.archive.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_a_restored_database_lacks_is_named_and_goes_with_topics_made_anew() {
    let stage = Stage::set().await;
    let services = Services::start(&stage);
    let rooms = stage.hotel.number("select count(*) from rooms").await.unsigned_abs();
    let first = "select bin_to_uuid(min(room_id)) from rooms";
    let lost: String = sqlx::query_scalar(first).fetch_one(&stage.hotel.pool).await.unwrap();
    for table in ["room_facilities", "rooms"] {
        stage.hotel.execute(format!("delete from {table} where room_id = uuid_to_bin('{lost}')")).await;
    }
    stage.again(&HOTELS).await;
    stage.again(&NIGHTS).await;
    stage.published().await;
    assert_eq!(stage.rebuild().await, rooms - 1);
    let stock = stage.audit(&["stock"]).await.pop().unwrap();
    assert_eq!(stock.shown, [format!("room {lost} is sold and its hotel does not know it")]);
    services.end().await;
    stage.archive.drop().await;
}
