//! Events as they stand in the log, byte for byte: what is written today must be readable for ever.

use serde_json::{Value, json};
use testkit::unique_uuid;
use uuid::Uuid;

/// A hotel with one room.
pub(crate) struct House {
    pub(crate) hotel_id: Uuid,
    pub(crate) room_id: Uuid,
    pub(crate) name: String,
}

impl House {
    pub(crate) fn new(name: &str) -> Self {
        Self { hotel_id: unique_uuid(), room_id: unique_uuid(), name: name.to_owned() }
    }

    pub(crate) fn hotel_key(&self) -> String {
        format!("hotel/{}", self.hotel_id)
    }

    pub(crate) fn room_key(&self) -> String {
        format!("room/{}", self.room_id)
    }

    pub(crate) fn night_key(&self, date: &str) -> String {
        format!("{}/{date}", self.room_id)
    }

    /// The hotel's document in the index.
    pub(crate) fn hotel_document(&self) -> String {
        format!("h-{}", self.hotel_id)
    }

    /// The room's document in the index.
    pub(crate) fn room_document(&self) -> String {
        format!("r-{}", self.room_id)
    }

    /// Another room of the same hotel.
    pub(crate) fn other_room(&self) -> Self {
        Self { room_id: unique_uuid(), name: self.name.clone(), ..*self }
    }

    pub(crate) fn hotel(&self, version: i64, is_active: bool) -> Value {
        envelope(
            "vacancy.hotel.changed.v1",
            &self.hotel_key(),
            &json!({
                "hotel_id": self.hotel_id, "owner_id": unique_uuid(), "region": "eu", "name": self.name,
                "description": "By the sea.",
                "locality": {
                    "locality_id": "0193a5c0-7d1e-7c3a-9b1f-2f6a1c9d8e70", "name": "Malé", "country_code": "MV",
                    "latitude": 4.1748, "longitude": 73.5089, "names": ["male", "mahale"],
                },
                "address": { "line1": "Beach 1", "line2": null, "postal_code": null },
                "latitude": 4.18, "longitude": 73.5089, "time_zone": "Indian/Maldives", "currency": "EUR",
                "star_rating": 4, "facilities": ["beachfront"],
                "contact": { "email": "secret-desk@paradiso.example", "phone": "+390612345678" },
                "check_in_time": "15:00", "check_out_time": "11:00", "images": [], "is_active": is_active,
                "version": version, "created_at": "2026-11-21T19:23:00.000000Z",
                "updated_at": "2026-11-21T19:23:00.000000Z",
            }),
        )
    }

    pub(crate) fn room(&self, version: i64, is_active: bool) -> Value {
        envelope(
            "vacancy.room.changed.v1",
            &self.room_key(),
            &json!({
                "room_id": self.room_id, "hotel_id": self.hotel_id, "display_name": "Deluxe double",
                "description": "", "quantity": 2, "occupancy": 3,
                "price_min": { "amount": 10_000, "currency": "EUR" }, "price_max": { "amount": 20_001, "currency": "EUR" },
                "facilities": ["sea_view"], "images": [], "is_active": is_active, "version": version,
                "created_at": "2026-11-21T19:23:00.000000Z", "updated_at": "2026-11-21T19:23:00.000000Z",
            }),
        )
    }

    pub(crate) fn night(&self, date: &str, available: u32, version: i64) -> Value {
        envelope(
            "vacancy.availability.changed.v1",
            &self.night_key(date),
            &json!({
                "hotel_id": self.hotel_id, "room_id": self.room_id, "date": date,
                "initial_quantity": 2, "available_quantity": available, "version": version,
            }),
        )
    }
}

fn envelope(kind: &str, subject: &str, data: &Value) -> Value {
    json!({
        "specversion": "1.0", "id": unique_uuid(), "source": "/vacancy/test", "type": kind, "subject": subject,
        "time": "2026-11-21T19:23:00.000000Z", "datacontenttype": "application/json", "data": data,
    })
}

impl crate::stage::Stage {
    /// Publishes a house and waits until it is found.
    pub(crate) async fn open(&self, house: &House) {
        self.publish_hotel(&house.hotel_key(), &house.hotel(1, true)).await;
        self.publish_hotel(&house.room_key(), &house.room(1, true)).await;
        let page = format!("/v1/search/hotels/{}", house.hotel_id);
        testkit::eventually(crate::stage::SOON, || async {
            (self.http.get(&page).await.status == 200).then_some(())
        })
        .await;
    }
}

/// The date so many days from now.
pub(crate) fn in_days(days: u64) -> String {
    let today = platform::clock::SystemClock.read().utc().date_naive();
    (today + chrono::Days::new(days)).to_string()
}
