//! The service on a stage of its own: leased stores, a scripted provider, one hotel with two rooms.

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use booking_service::{
    BookingApp,
    adapters::{self, Adapters},
    domain::keyring::Secret,
    settings::Settings,
    store::{Stock, mysql::MySqlStock},
};
use chrono::{Days, NaiveDate, TimeDelta};
use domain::{
    CountryCode, Currency, Email, GeoPoint, HotelId, Instant, LocalityId, Money, RoomId, TimeZone,
    event::HotelEvent,
    hotel::{Address, Contact, HotelChanged, LocalityFacts, RoomChanged},
};
use platform::{app::Running, clock::SystemClock};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::MySqlPool;
use testkit::{
    http::{Http, Reply},
    mysql::Session,
};
use uuid::Uuid;

use crate::provider::Provider;

const CALLBACK_SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
/// The state of a session that changes a row, or wants to.
const UPDATING: &str = "updating";
/// How a batch takes its rows, and the archiver's purge its bookings.
const JOINED: [&str; 2] = ["update (values", "delete b from (values"];
/// Nobody listens there.
pub(crate) const NOWHERE: &str = "127.0.0.1:9";

pub(crate) struct Stage {
    pub(crate) base: String,
    pub(crate) provider: Provider,
    pub(crate) hotel: HotelId,
    pub(crate) owner: Uuid,
    pub(crate) deluxe: RoomId,
    pub(crate) single: RoomId,
    pub(crate) db: testkit::mysql::Lease,
    settings: Settings,
    pub(crate) redis: Option<testkit::redis::Lease>,
    _running: Running,
}

/// What differs from stage to stage.
#[derive(Default)]
pub(crate) struct Setup {
    /// Redis is really there.
    pub(crate) redis: bool,
    /// The prefix and brokers of a Kafka that is really there.
    pub(crate) kafka: Option<(String, String)>,
    /// The archive's keyspace.
    pub(crate) keyspace: String,
    /// Settings on top.
    pub(crate) settings: Vec<(&'static str, toml_like::Value)>,
}

/// Settings' values.
pub(crate) mod toml_like {
    #[derive(Clone)]
    pub(crate) enum Value {
        Text(&'static str),
        Number(i64),
    }
}

impl Stage {
    pub(crate) async fn plain() -> Self {
        Self::set(Setup::default()).await
    }

    /// With one setting that differs.
    pub(crate) async fn with(name: &'static str, number: i64) -> Self {
        Self::set(Setup { settings: vec![(name, toml_like::Value::Number(number))], ..Setup::default() })
            .await
    }

    pub(crate) async fn set(setup: Setup) -> Self {
        let db = testkit::mysql::booking().await;
        let provider = Provider::start().await;
        let redis = if setup.redis { Some(testkit::redis::lease().await) } else { None };
        let redis_url =
            redis.as_ref().map_or_else(|| format!("redis://{NOWHERE}/0"), |lease| lease.url.clone());
        let settings = settings(&setup, &db.url, &redis_url, &provider.url());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let running = platform::app::launch::<BookingApp>(settings.clone(), listener).await.unwrap();
        let (hotel, owner) = (HotelId::from_uuid(testkit::unique_uuid()), testkit::unique_uuid());
        let room = || RoomId::from_uuid(testkit::unique_uuid());
        let stage = Self {
            base: format!("http://{}", running.address()),
            provider,
            hotel,
            owner,
            deluxe: room(),
            single: room(),
            db,
            settings,
            redis,
            _running: running,
        };
        stage.stock().await;
        stage
    }

    /// What the service stands on, for work that an operator starts by hand.
    pub(crate) fn adapters(&self) -> Adapters {
        adapters::servers(self.settings.clone()).unwrap()
    }

    /// A second copy of the service on the same stores.
    pub(crate) async fn another_copy(&self) -> Running {
        self.another_copy_with(|_| ()).await
    }

    /// A second copy of the service on the same stores, whose settings differ.
    pub(crate) async fn another_copy_with(&self, change: impl FnOnce(&mut Settings)) -> Running {
        let mut settings = self.settings.clone();
        change(&mut settings);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        platform::app::launch::<BookingApp>(settings, listener).await.unwrap()
    }

    /// A second copy that sends travellers to another checkout page and signs with another secret, and where it is.
    pub(crate) async fn copy_with_another_checkout(&self) -> (Running, Http) {
        let copy = self
            .another_copy_with(|settings| {
                settings.checkout.base_url = "https://elsewhere.example".to_owned();
                settings.checkout.secret = "another secret of the checkout".into();
            })
            .await;
        let there = Http::at(format!("http://{}", copy.address()));
        (copy, there)
    }

    pub(crate) fn pool(&self) -> &MySqlPool {
        &self.db.pool
    }

    async fn stock(&self) {
        let stock = MySqlStock::new(self.pool().clone());
        let (deluxe, single) = (self.room_event(self.deluxe, 3, 1), self.room_event(self.single, 1, 1));
        let hotel = HotelEvent::Hotel(Box::new(self.hotel_event(1)));
        let events = [hotel, HotelEvent::Room(Box::new(deluxe)), HotelEvent::Room(Box::new(single))];
        stock.take_in(&events).await.into_iter().for_each(|taken| assert!(taken.is_ok(), "{taken:?}"));
    }

    /// One more room of the hotel, of which there are so many.
    pub(crate) async fn room(&self, quantity: u32) -> RoomId {
        let room = RoomId::from_uuid(testkit::unique_uuid());
        let stock = MySqlStock::new(self.pool().clone());
        let event = HotelEvent::Room(Box::new(self.room_event(room, quantity, 1)));
        stock.take_in(&[event]).await.remove(0).unwrap();
        room
    }

    pub(crate) fn hotel_event(&self, version: i64) -> HotelChanged {
        let now = SystemClock.read();
        let point = GeoPoint::parse(41.9, 12.5).unwrap();
        HotelChanged {
            hotel_id: self.hotel,
            owner_id: self.owner,
            region: "eu".to_owned(),
            name: "Hotel Paradiso".to_owned(),
            description: String::new(),
            locality: LocalityFacts {
                locality_id: LocalityId::from_uuid(testkit::unique_uuid()),
                name: "Rome".to_owned(),
                country_code: CountryCode::parse("IT").unwrap(),
                point,
                names: vec!["rome".to_owned()],
            },
            address: Address { line1: "Via Roma 1".to_owned(), line2: None, postal_code: None },
            point,
            time_zone: TimeZone::parse("Europe/Rome").unwrap(),
            currency: Currency::parse("EUR").unwrap(),
            star_rating: None,
            facilities: Vec::new(),
            contact: Contact { email: Email::parse("desk@paradiso.example").unwrap(), phone: None },
            check_in_time: "15:00:00".parse().unwrap(),
            check_out_time: "11:00:00".parse().unwrap(),
            images: Vec::new(),
            is_active: true,
            version,
            created_at: now,
            updated_at: now,
        }
    }

    pub(crate) fn room_event(&self, room_id: RoomId, quantity: u32, version: i64) -> RoomChanged {
        let now = SystemClock.read();
        let eur = |amount| Money::new(amount, Currency::parse("EUR").unwrap()).unwrap();
        RoomChanged {
            room_id,
            hotel_id: self.hotel,
            display_name: "Deluxe double".to_owned(),
            description: String::new(),
            quantity,
            occupancy: 3,
            price_min: eur(10_000),
            price_max: eur(14_000),
            facilities: Vec::new(),
            images: Vec::new(),
            is_active: true,
            version,
            created_at: now,
            updated_at: now,
        }
    }

    /// A stay of two nights, ten days from now.
    pub(crate) fn stay(&self, lines: &[(RoomId, u8)]) -> Value {
        let lines: Vec<_> = lines
            .iter()
            .map(|(room, quantity)| json!({"room_id": room, "quantity": quantity, "adults": 2}))
            .collect();
        json!({"hotel_id": self.hotel, "start_date": day(10), "end_date": day(12), "lines": lines})
    }

    /// The body of a booking of that stay.
    pub(crate) fn order(&self, lines: &[(RoomId, u8)]) -> Value {
        let mut order = self.stay(lines);
        order["booker"] = json!({"given_name": "Ada", "family_name": "Lovelace", "email": "ada@example.com"});
        order
    }

    pub(crate) fn http(&self) -> Http {
        Http::at(&self.base)
    }

    pub(crate) fn traveller(&self) -> Http {
        self.http().as_caller(testkit::token(&["traveller"], testkit::unique_uuid()))
    }

    pub(crate) fn manager(&self) -> Http {
        self.http().as_caller(testkit::token(&["manager"], self.owner))
    }

    pub(crate) fn operator(&self) -> Http {
        self.http().as_caller(testkit::token(&["operator"], testkit::unique_uuid()))
    }

    /// Books and gives the answer's body.
    pub(crate) async fn book(&self, who: &Http, lines: &[(RoomId, u8)]) -> Value {
        who.post("/v1/bookings", &self.order(lines)).await.expect(201)
    }

    pub(crate) async fn advance(&self, duration: &str) {
        self.operator().post("/dev/clock", &json!({"advance": duration})).await.expect(200);
    }

    /// A callback as the provider signs it, so many seconds off.
    pub(crate) async fn callback(&self, id: &str, body: &Value, seconds_off: i64) -> Reply {
        self.callback_signed(CALLBACK_SECRET, id, body, seconds_off).await
    }

    pub(crate) async fn callback_signed(
        &self,
        secret: &str,
        id: &str,
        body: &Value,
        seconds_off: i64,
    ) -> Reply {
        let at = SystemClock.read().plus(TimeDelta::seconds(seconds_off)).utc().timestamp().to_string();
        let text = body.to_string();
        let mac = Secret::parse(secret).unwrap().sign(&[format!("{id}.{at}.").as_bytes(), text.as_bytes()]);
        self.http()
            .call(Method::POST, "/v1/payments/callbacks")
            .header("webhook-id", id)
            .header("webhook-timestamp", &at)
            .header("webhook-signature", &format!("v1,{}", STANDARD.encode(mac)))
            .header("content-type", "application/json")
            .bytes(text.into_bytes())
            .send()
            .await
    }

    /// Tells the service that the booking was paid.
    pub(crate) async fn pay(&self, booking: &Value) -> Reply {
        let reference = format!("pr_{}", booking["booking_id"].as_str().unwrap());
        self.callback(&testkit::unique_word(), &paid(booking, &reference), 0).await
    }

    /// Status and reason as stored.
    pub(crate) async fn status(&self, booking: &Value) -> (String, Option<String>) {
        let id: Uuid = booking["booking_id"].as_str().unwrap().parse().unwrap();
        let sql =
            "select cast(status as char), cast(status_reason as char) from bookings where booking_id = ?";
        sqlx::query_as(sql).bind(id).fetch_one(self.pool()).await.unwrap()
    }

    /// Waits until the booking has that status.
    pub(crate) async fn becomes(&self, booking: &Value, wanted: &str) -> Option<String> {
        testkit::eventually(Duration::from_secs(15), || async {
            let (status, reason) = self.status(booking).await;
            (status == wanted).then_some(reason)
        })
        .await
    }

    /// Waits until so many sessions of this database stand in line for a row: the server counts who waits, and each of ours is
    /// found updating by two looks in a row.
    pub(crate) async fn waiting_for_a_row(&self, count: usize) {
        testkit::eventually(Duration::from_secs(30), || async {
            let (first, second) = (self.sessions(UPDATING).await, self.sessions(UPDATING).await);
            let sql = "show global status like 'Innodb_row_lock_current_waits'";
            let (_, waits): (String, String) = sqlx::query_as(sql).fetch_one(self.pool()).await.unwrap();
            let ours = first.intersection(&second).count();
            (ours >= count && waits.parse::<usize>().unwrap() >= count).then_some(())
        })
        .await;
    }

    /// Waits until a session of this database stands before a table that another one has locked.
    pub(crate) async fn waiting_for_a_table(&self) {
        testkit::eventually(Duration::from_secs(30), || async {
            let waiting = self.sessions("Waiting for table metadata lock").await;
            (!waiting.is_empty()).then_some(())
        })
        .await;
    }

    /// The sessions of this database in that state.
    async fn sessions(&self, state: &str) -> BTreeSet<i64> {
        // One that is joined to its values is called otherwise while it looks for its rows.
        let joined =
            |session: &Session| JOINED.iter().any(|statement| session.statement().starts_with(statement));
        let is_in = |session: &Session| {
            session.state.as_deref() == Some(state) || (state == UPDATING && joined(session))
        };
        self.db.sessions().await.into_iter().filter(is_in).map(|session| session.id).collect()
    }

    /// What the room has left on each night of the usual stay.
    pub(crate) async fn left(&self, room: RoomId) -> Vec<u32> {
        let sql = "select available_quantity from available_rooms where room_id = ? order by date";
        sqlx::query_scalar(sql).bind(room.uuid()).fetch_all(self.pool()).await.unwrap()
    }

    /// Everything a refusal must not change.
    pub(crate) async fn rows(&self) -> Vec<i64> {
        let sql = "select (select count(*) from bookings) union all select count(*) from idempotency_keys \
                   union all select cast(coalesce(sum(available_quantity), 0) as signed) from available_rooms \
                   union all select count(*) from outbox union all select count(*) from payments";
        sqlx::query_scalar(sql).fetch_all(self.pool()).await.unwrap()
    }
}

/// A day so many days from today.
pub(crate) fn day(ahead: u64) -> NaiveDate {
    SystemClock.read().utc().date_naive().checked_add_days(Days::new(ahead)).unwrap()
}

/// The provider's word that a booking was paid as asked.
pub(crate) fn paid(booking: &Value, reference: &str) -> Value {
    event("payment.succeeded", booking, &booking["price"]["due_now"], reference)
}

pub(crate) fn event(kind: &str, booking: &Value, amount: &Value, reference: &str) -> Value {
    json!({"type": kind, "timestamp": SystemClock.read(), "data": {
        "payment_id": booking["payment"]["payment_id"], "booking_id": booking["booking_id"],
        "amount": amount, "provider_reference": reference}})
}

pub(crate) fn now() -> Instant {
    SystemClock.read()
}

/// A question to brokers that are nowhere is given up after so long: a test does not end before.
const NOBODY_ANSWERS_MS: i64 = 500;

pub(crate) fn settings(setup: &Setup, db: &str, redis: &str, provider: &str) -> Settings {
    let (prefix, brokers) = setup.kafka.clone().unwrap_or_else(|| ("none.".to_owned(), NOWHERE.to_owned()));
    let mut loader = platform::settings::Loader::new(booking_config())
        .set("kit.auth.issuer", testkit::token::ISSUER)
        .set("kit.auth.audience", testkit::token::AUDIENCE)
        .set("kit.auth.development_key", testkit::token::DEVELOPMENT_KEY)
        .set("kit.rate.public_per_second", 100_000)
        .set("kit.rate.public_burst", 100_000)
        .set("kit.rate.caller_per_second", 100_000)
        .set("kit.rate.caller_burst", 100_000)
        .set("mysql.url", db)
        .set("mysql.max_connections", 8)
        .set("redis.url", redis)
        .set("kafka.brokers", brokers)
        .set("events.prefix", prefix)
        .set("kafka.request_timeout_ms", if setup.kafka.is_some() { 10_000 } else { NOBODY_ANSWERS_MS })
        .set("database_users.mgmt_password", "x")
        .set("database_users.archival_password", "x")
        .set("checkout.base_url", provider)
        .set("checkout.secret", "a secret of the checkout")
        .set("checkout.return_hosts", vec!["shop.example"])
        .set("provider.url", provider)
        .set("provider.api_key", "test-api-key")
        .set("callbacks.secrets", vec![CALLBACK_SECRET])
        .set("quotes.keys", vec![key()])
        .set("jobs.completion_ms", 200)
        .set("jobs.sweep_ms", 200)
        .set("jobs.shares_ms", 200)
        .set("jobs.owed_ms", 200)
        .set("jobs.owed_first_wait_ms", 50)
        .set("cassandra.nodes", testkit::stack::cassandra_nodes())
        .set("cassandra.keyspace", setup.keyspace.clone())
        .set("development.clock", true);
    for (name, value) in &setup.settings {
        loader = match value.clone() {
            toml_like::Value::Text(text) => loader.set(name, text),
            toml_like::Value::Number(number) => loader.set(name, number),
        };
    }
    loader.load().unwrap()
}

fn key() -> std::collections::HashMap<&'static str, &'static str> {
    [("id", "test"), ("secret", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")].into()
}

fn booking_config() -> &'static str {
    use platform::app::App;
    BookingApp::DEFAULT_TOML
}
