//! A running service with a database and a topic of its own, and two managers.

use std::net::TcpListener;

use ::domain::LocalityId;
use hotel_service::{
    HotelApp,
    seed::{SeedLocality, Seeder},
};
use platform::{
    app::{App, Running, launch},
    settings::Loader,
};
use serde_json::{Value, json};
use testkit::{
    http::{Http, Reply},
    kafka, mysql,
    token::{DEVELOPMENT_KEY, token},
    unique_uuid,
};
use uuid::Uuid;

/// Everything a test needs. Call [`Stage::end`] when it is over, so that jobs stop before the database goes.
pub(crate) struct Stage {
    pub(crate) manager: Http,
    pub(crate) manager_id: Uuid,
    pub(crate) other_manager: Http,
    pub(crate) operator: Http,
    pub(crate) operator_id: Uuid,
    pub(crate) traveller: Http,
    pub(crate) anybody: Http,
    pub(crate) rome: LocalityId,
    pub(crate) topic: String,
    pub(crate) kafka: kafka::Lease,
    pub(crate) database: mysql::Lease,
    running: Running,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(|loader| loader).await
    }

    pub(crate) async fn with(more: impl FnOnce(Loader) -> Loader) -> Self {
        let (database, kafka) = (mysql::hotel().await, kafka::lease());
        let topic = kafka.compacted_topic("hotel.events").await;
        let rome = bring_rome(&database).await;
        let loader = Loader::new(HotelApp::DEFAULT_TOML)
            .set("kit.auth.development_key", DEVELOPMENT_KEY)
            .set("kit.rate.caller_burst", 100_000)
            .set("kit.rate.public_burst", 100_000)
            .set("kit.telemetry.log", "warn")
            .set("mysql.url", database.url.as_str())
            .set("kafka.brokers", kafka.brokers.as_str())
            .set("events.topic", topic.as_str())
            .set("events.publisher", kafka.name("hotel-service").as_str());
        let settings = more(loader).load().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let running = launch::<HotelApp>(settings, listener).await.unwrap();
        let anybody = Http::at(format!("http://{}", running.address()));
        let (manager_id, operator_id) = (unique_uuid(), unique_uuid());
        Self {
            manager: anybody.as_caller(token(&["manager"], manager_id)),
            other_manager: anybody.as_caller(token(&["manager"], unique_uuid())),
            operator: anybody.as_caller(token(&["operator"], operator_id)),
            traveller: anybody.as_caller(token(&["traveller", "channel"], unique_uuid())),
            manager_id,
            operator_id,
            anybody,
            rome,
            topic,
            kafka,
            database,
            running,
        }
    }

    pub(crate) async fn end(self) {
        self.running.stop().await;
    }

    /// A body for `POST /v1/hotels`.
    pub(crate) fn hotel_body(&self) -> Value {
        json!({
            "name": "Hotel Paradiso", "description": "By the sea.", "locality_id": self.rome,
            "address": {"line1": "Via Roma 1", "line2": null, "postal_code": "00184"},
            "latitude": 41.8902, "longitude": 12.4922, "time_zone": "Europe/Rome", "currency": "EUR",
            "star_rating": 5, "facilities": ["pool", "beachfront"],
            "contact": {"email": "desk@paradiso.example", "phone": "+390612345678"},
            "check_in_time": "15:00", "check_out_time": "11:00", "is_active": true
        })
    }

    /// A new hotel of the manager's: its path and its body.
    pub(crate) async fn hotel(&self) -> (String, Value) {
        created(&self.manager.post("/v1/hotels", &self.hotel_body()).await)
    }

    /// A new room in a hotel: its path and its body.
    pub(crate) async fn room(&self, hotel: &str) -> (String, Value) {
        created(&self.manager.post(&format!("{hotel}/rooms"), &room_body()).await)
    }

    /// How many rows each table has that a write touches, and the versions in all.
    pub(crate) async fn rows(&self) -> Vec<i64> {
        let mut counts = Vec::new();
        for sql in [
            "select count(*) from hotels",
            "select count(*) from rooms",
            "select count(*) from audit_log",
            "select count(*) from outbox",
            "select count(*) from idempotency_keys",
            "select count(*) from hotel_facilities",
            "select cast(coalesce(sum(version), 0) as signed) from hotels",
            "select cast(coalesce(sum(version), 0) as signed) from rooms",
        ] {
            counts.push(sqlx::query_scalar(sql).fetch_one(&self.database.pool).await.unwrap());
        }
        counts
    }
}

fn created(reply: &Reply) -> (String, Value) {
    let body = reply.expect(201);
    (reply.header("location").unwrap().to_owned(), body)
}

/// A body for `POST …/rooms`.
pub(crate) fn room_body() -> Value {
    json!({
        "display_name": "Deluxe double", "description": "With a view.", "quantity": 12, "occupancy": 3,
        "price_min": {"amount": 10_000, "currency": "EUR"}, "price_max": {"amount": 20_000, "currency": "EUR"},
        "facilities": ["sea_view"], "is_active": true
    })
}

/// A body with another value at a JSON pointer.
pub(crate) fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    parent.insert(name.to_owned(), value);
    body
}

async fn bring_rome(database: &mysql::Lease) -> LocalityId {
    let locality_id = LocalityId::from_uuid(unique_uuid());
    let rome = SeedLocality {
        locality_id,
        name: "Rome".to_owned(),
        country_code: "IT".to_owned(),
        latitude: 41.891_93,
        longitude: 12.511_33,
        time_zone: "Europe/Rome".to_owned(),
        population: 2_318_895,
        other_names: vec!["Roma".to_owned(), "Рим".to_owned()],
    };
    assert_eq!(Seeder::new(database.pool.clone(), "eu", 1 << 19).localities(&[rome]).await.unwrap(), 1);
    locality_id
}
