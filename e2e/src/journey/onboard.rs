//! A manager brings a hotel in.

use std::ops::RangeInclusive;

use e2e::{
    failed::{Failed, expect},
    http::text,
    people::Person,
    world::World,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Hotel, Room};

/// Makes a hotel in Lisbon with a double (2 units) and a suite (1 unit).
pub(crate) async fn hotel(world: &World, manager: &Person) -> Result<Hotel, Failed> {
    let name = format!(
        "Journey House {}",
        &manager.user_id.simple().to_string().chars().take(8).collect::<String>()
    );
    let body = hotel_body(&name, &manager.email, &lisbon(world).await?);
    let key = Uuid::from_u128(rand::random()).to_string();
    let made = world.post("/v1/hotels").by(manager).key(&key).json(&body).expect(201).await?;
    let again = world.post("/v1/hotels").by(manager).key(&key).json(&body).expect(201).await?;
    expect(again.text == made.text, || format!("a repeated key gave another answer: {}", again.describe()))?;
    let hotel_id = made.text_at("/hotel_id")?;
    let double = room(world, manager, &hotel_id, &room_body("Deluxe double", 2, 2, 9_000..=11_000)).await?;
    let suite = room(world, manager, &hotel_id, &room_body("Family suite", 1, 4, 18_000..=22_000)).await?;
    Ok(Hotel { id: hotel_id, name, email: manager.email.clone(), double, suite })
}

/// The one in Portugal: there are others.
async fn lisbon(world: &World) -> Result<Value, Failed> {
    let found = world.get("/v1/localities?q=lisb&country_code=PT").expect(200).await?;
    let first = found.items().into_iter().next();
    first.ok_or_else(|| Failed::new(format!("no Lisbon: {}", found.describe())))
}

fn hotel_body(name: &str, email: &str, locality: &Value) -> Value {
    json!({
        "name": name, "description": "Made by the journey.", "locality_id": text(locality, "/locality_id"),
        "address": {"line1": "Rua Augusta 1", "line2": null, "postal_code": "1100-048"},
        "latitude": 38.7101, "longitude": -9.1371, "time_zone": "Europe/Lisbon", "currency": "EUR", "star_rating": 4,
        "facilities": [], "contact": {"email": email, "phone": "+351211234567"},
        "check_in_time": "15:00", "check_out_time": "11:00", "is_active": true
    })
}

fn room_body(name: &str, quantity: u32, occupancy: u32, prices: RangeInclusive<i64>) -> Value {
    let money = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    json!({"display_name": name, "description": "", "quantity": quantity, "occupancy": occupancy,
           "price_min": money(*prices.start()), "price_max": money(*prices.end()), "facilities": [], "is_active": true})
}

async fn room(world: &World, manager: &Person, hotel_id: &str, body: &Value) -> Result<Room, Failed> {
    let key = Uuid::from_u128(rand::random()).to_string();
    let path = format!("/v1/hotels/{hotel_id}/rooms");
    let made = world.post(&path).by(manager).key(&key).json(body).expect(201).await?;
    Ok(Room { room_id: made.text_at("/room_id")?, occupancy: made.number_at("/occupancy")? })
}
