//! Somebody else's hotel, room and booking.

use std::collections::BTreeMap;

use e2e::{
    failed::Failed,
    http::text,
    people::Person,
    wait::{Seen, until},
    world::World,
};
use serde_json::json;
use uuid::Uuid;

use super::bodies;
use crate::journey::Stay;

/// Makes them; the names are those of the paths' parameters.
pub(super) async fn of_somebody_else(world: &World) -> Result<BTreeMap<String, String>, Failed> {
    let manager = Person::new(world, "manager")?;
    let found = world.get("/v1/localities?q=porto&country_code=PT").expect(200).await?;
    let locality =
        found.items().first().map(|item| text(item, "/locality_id").to_owned()).unwrap_or_default();
    let key = || Uuid::from_u128(rand::random()).to_string();
    let hotel = world
        .post("/v1/hotels")
        .by(&manager)
        .key(&key())
        .json(&bodies::hotel("Theirs", &locality))
        .expect(201)
        .await?;
    let hotel_id = hotel.text_at("/hotel_id")?;
    let body = bodies::room();
    let rooms = format!("/v1/hotels/{hotel_id}/rooms");
    let room_id =
        world.post(&rooms).by(&manager).key(&key()).json(&body).expect(201).await?.text_at("/room_id")?;
    let booking_id = booking(world, &hotel_id, &room_id).await?;
    let named =
        [("hotel_id", hotel_id), ("room_id", room_id), ("booking_id", booking_id), ("locality_id", locality)];
    Ok(named.into_iter().map(|(name, id)| (name.to_owned(), id)).collect())
}

async fn booking(world: &World, hotel_id: &str, room_id: &str) -> Result<String, Failed> {
    let traveller = Person::new(world, "traveller")?;
    let stay = Stay::in_days(world, 100, 1).await?;
    let body = json!({"hotel_id": hotel_id, "start_date": stay.start, "end_date": stay.end,
        "lines": [{"room_id": room_id, "quantity": 1, "adults": 1}],
        "booker": {"given_name": "A", "family_name": "B", "email": "a@b.example"}});
    let key = Uuid::from_u128(rand::random()).to_string();
    // The room can be sold once booking-service has read the event.
    until("the room can be booked", std::time::Duration::from_mins(1), || async {
        let made = world.post("/v1/bookings").by(&traveller).key(&key).json(&body).send().await?;
        Ok(if made.status == 201 {
            Seen::Yes(made.text_at("/booking_id")?)
        } else {
            Seen::NotYet(made.describe())
        })
    })
    .await
}
