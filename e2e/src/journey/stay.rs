//! What the journey books.

use chrono::{Days, NaiveDate};
use e2e::{failed::Failed, http::text, people::Person, world::World};
use serde_json::{Value, json};

/// The hotel of one journey.
#[derive(Debug, Clone)]
pub(crate) struct Hotel {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    /// Two units for two.
    pub(crate) double: Room,
    /// One unit for four.
    pub(crate) suite: Room,
}

/// A room type.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    pub(crate) room_id: String,
    pub(crate) occupancy: i64,
}

/// The dates of a stay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stay {
    pub(crate) start: NaiveDate,
    pub(crate) end: NaiveDate,
}

impl Stay {
    /// Begins so many days from the product's today, which the development clock may have moved.
    pub(crate) async fn in_days(world: &World, days: u64, nights: u64) -> Result<Self, Failed> {
        let today = today(world).await?;
        let day = |ahead: u64| today.checked_add_days(Days::new(ahead)).unwrap_or(today);
        Ok(Self { start: day(days), end: day(days + nights) })
    }

    /// As query parameters.
    pub(crate) fn query(self) -> String {
        format!("start_date={}&end_date={}", self.start, self.end)
    }

    /// As a body, with its lines.
    pub(crate) fn of(self, hotel: &Hotel, lines: &[(&Room, u8)]) -> Value {
        let line = |(room, quantity): &(&Room, u8)| json!({"room_id": room.room_id, "quantity": quantity, "adults": 2, "child_ages": []});
        let lines: Vec<Value> = lines.iter().map(line).collect();
        json!({"hotel_id": hotel.id, "start_date": self.start, "end_date": self.end, "lines": lines})
    }
}

/// A stay with the booker added.
pub(crate) fn booked_by(stay: Value, person: &Person) -> Value {
    let booker = json!({"given_name": "Ada", "family_name": "Lovelace", "email": person.email, "phone": "+442071234567"});
    with(stay, "booker", booker)
}

/// A body with one more field.
pub(crate) fn with(mut body: Value, name: &str, value: Value) -> Value {
    if let Some(fields) = body.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
    body
}

/// The product's today in UTC: the development clock says it without being moved.
async fn today(world: &World) -> Result<NaiveDate, Failed> {
    let now = advance(world, "PT0S").await?;
    let date = text(&now, "/now").get(..10).and_then(|day| day.parse().ok());
    date.ok_or_else(|| Failed::new(format!("/dev/clock did not say the time: {now}")))
}

/// Moves booking-service's clock forward; answers with what it says now.
pub(crate) async fn advance(world: &World, duration: &str) -> Result<Value, Failed> {
    let operator = Person::new(world, "operator")?;
    let url = format!("{}/dev/clock", world.service("booking-service")?);
    Ok(world.post(&url).by(&operator).json(&json!({ "advance": duration })).expect(200).await?.json)
}
