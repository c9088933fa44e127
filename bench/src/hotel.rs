//! A hotel with one room, made for a measurement through the public API.

use std::time::Duration;

use chrono::{Days, NaiveDate};
use domain::Instant;
use e2e::{
    failed::Failed,
    http::text,
    people::Person,
    wait::{Seen, until},
    world::World,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::told::OrFailed as _;

/// From the event to the stock: seconds.
const SELLABLE: Duration = Duration::from_mins(1);

/// One hotel, one room, and whose it is.
#[derive(Debug)]
pub(crate) struct Hotel {
    pub(crate) manager: Person,
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) room_id: String,
    pub(crate) today: NaiveDate,
}

impl Hotel {
    /// Makes it and waits until its room can be booked.
    pub(crate) async fn make(world: &World, quantity: u32) -> Result<Self, Failed> {
        let manager = Person::new(world, "manager")?;
        let word: String = manager.user_id.simple().to_string().chars().take(12).collect();
        let name = format!("Bench {word}");
        let locality = world.get("/v1/localities?q=lisb&country_code=PT").expect(200).await?;
        let locality =
            locality.items().first().map(|item| text(item, "/locality_id").to_owned()).unwrap_or_default();
        let hotel = post(world, &manager, "/v1/hotels", &hotel(&name, &locality)).await?;
        let id = text(&hotel, "/hotel_id").to_owned();
        let today = now(world).await?.utc().date_naive();
        let mut hotel = Self { manager, name, id, room_id: String::new(), today };
        hotel.room_id = hotel.add_room(world, quantity).await?;
        hotel.sellable(world).await?;
        Ok(hotel)
    }

    /// Adds a room of so many units.
    pub(crate) async fn add_room(&self, world: &World, quantity: u32) -> Result<String, Failed> {
        let path = format!("/v1/hotels/{}/rooms", self.id);
        let room = post(world, &self.manager, &path, &room(quantity)).await?;
        Ok(text(&room, "/room_id").to_owned())
    }

    /// The day so many days from the product's today.
    pub(crate) fn day(&self, ahead: u64) -> NaiveDate {
        self.today.checked_add_days(Days::new(ahead)).unwrap_or(self.today)
    }

    /// A booking of one unit for one night.
    pub(crate) fn booking(&self, ahead: u64, email: &str) -> Value {
        json!({"hotel_id": self.id, "start_date": self.day(ahead), "end_date": self.day(ahead + 1),
            "lines": [{"room_id": self.room_id, "quantity": 1, "adults": 1}],
            "booker": {"given_name": "Ada", "family_name": "Lovelace", "email": email}})
    }

    /// Units sold on a night, as the manager's calendar says.
    pub(crate) async fn sold(&self, world: &World, ahead: u64) -> Result<i64, Failed> {
        let (start, end) = (self.day(ahead), self.day(ahead + 1));
        let path = format!("/v1/hotels/{}/availability?start_date={start}&end_date={end}", self.id);
        let page = world.get(&path).by(&self.manager).expect(200).await?;
        Ok(page.items().iter().filter_map(|item| item.get("sold").and_then(Value::as_i64)).sum())
    }

    async fn sellable(&self, world: &World) -> Result<(), Failed> {
        let path =
            format!("/v1/hotels/{}/offers?start_date={}&end_date={}", self.id, self.day(1), self.day(2));
        until("the room can be booked", SELLABLE, || async {
            let offers = world.get(&path).send().await?;
            Ok(Seen::when(offers.items().iter().any(|one| text(one, "/status") == "available"), || {
                offers.describe()
            }))
        })
        .await
    }
}

async fn post(world: &World, person: &Person, path: &str, body: &Value) -> Result<Value, Failed> {
    let key = Uuid::from_u128(rand::random()).to_string();
    Ok(world.post(path).by(person).key(&key).json(body).expect(201).await?.json)
}

/// The product's now, which its development clock may have moved.
pub(crate) async fn now(world: &World) -> Result<Instant, Failed> {
    let operator = Person::new(world, "operator")?;
    let url = format!("{}/dev/clock", world.service("booking-service")?);
    let now = world.post(&url).by(&operator).json(&json!({"advance": "PT0S"})).expect(200).await?;
    now.text_at("/now")?.parse().or_failed()
}

fn hotel(name: &str, locality_id: &str) -> Value {
    json!({"name": name, "description": "", "locality_id": locality_id,
        "address": {"line1": "Rua 1", "line2": null, "postal_code": null}, "latitude": 38.71, "longitude": -9.13,
        "time_zone": "Europe/Lisbon", "currency": "EUR", "star_rating": null, "facilities": [],
        "contact": {"email": "desk@bench.example", "phone": null}, "check_in_time": "15:00", "check_out_time": "11:00",
        "is_active": true})
}

/// The body of a room of so many units.
pub(crate) fn room(quantity: u32) -> Value {
    let money = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    json!({"display_name": "Room", "description": "", "quantity": quantity, "occupancy": 2, "price_min": money(9000),
        "price_max": money(11000), "facilities": [], "is_active": true})
}
