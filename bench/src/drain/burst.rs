//! The events of a burst, in the shapes of docs/EVENTS.md.

use std::collections::BTreeMap;

use domain::event::{read_availability_event, read_booking_event, read_hotel_event};
use e2e::{
    failed::{Failed, expect},
    world::World,
};
use events::event_log::NewRecord;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::hotel::{self, Hotel};

/// The rooms of the hotel whose stock changes.
const STOCK_ROOMS: usize = 50;
/// Above the version that anything made a moment ago has.
const FIRST_VERSION: usize = 1_000;
/// The night that is told of: no other figure books so far ahead.
const NIGHT: u64 = 300;
/// When all of it happened.
const AT: &str = "2026-11-21T19:23:00.000000Z";

/// Each booking is made, then paid.
pub(super) fn of_bookings(hotel: &Hotel, bookings: usize) -> Result<Vec<NewRecord>, Failed> {
    let mut records = Vec::with_capacity(bookings.saturating_mul(2));
    for _ in 0..bookings {
        let (id, payment) = (unique(), unique());
        let booking = |status: &str, version: usize| booking(hotel, id, payment, (status, version));
        let made = json!({"booking": booking("RESERVED", 1), "from": null});
        let paid = json!({"booking": booking("BOOKED", 2), "from": "RESERVED"});
        for (kind, data) in [("vacancy.booking.reserved.v1", made), ("vacancy.booking.booked.v1", paid)] {
            let key = id.to_string();
            records.push(record("booking.events", key.clone(), key, &event(kind, id, &data)));
        }
    }
    is_read(&records, |payload| matches!(read_booking_event(payload), Ok(Some(_))))?;
    Ok(records)
}

/// One night for each booking, of one room or of so many; those of more than one are of no hotel's, and stay hidden.
pub(super) fn of_nights(hotel: &Hotel, bookings: usize, rooms: usize) -> Result<Vec<NewRecord>, Failed> {
    let others = (1..rooms).map(|_| unique().to_string());
    let rooms: Vec<String> = std::iter::once(hotel.room_id.clone()).chain(others).collect();
    let date = hotel.day(NIGHT);
    let night = |(number, room): (usize, &String)| {
        let data = json!({"hotel_id": hotel.id, "room_id": room, "date": date, "initial_quantity": 100_000,
            "available_quantity": 100_000 - number % 100_000, "version": FIRST_VERSION.saturating_add(number)});
        let payload = event("vacancy.availability.changed.v1", unique(), &data);
        record("availability.events", format!("{room}/{date}"), room.clone(), &payload)
    };
    let records: Vec<NewRecord> = (0..bookings).zip(rooms.iter().cycle()).map(night).collect();
    is_read(&records, |payload| matches!(read_availability_event(payload), Ok(Some(_))))?;
    Ok(records)
}

/// Rooms of the hotel as they are, told again and again under higher versions.
pub(super) async fn of_stock(world: &World, hotel: &Hotel, events: usize) -> Result<Vec<NewRecord>, Failed> {
    let mut rooms = Vec::new();
    for _ in 0..STOCK_ROOMS.min(events) {
        rooms.push(hotel.add_room(world, 10).await?);
    }
    let room = |(number, room): (usize, &String)| {
        let mut data = hotel::room(10);
        let own = json!({"room_id": room, "hotel_id": hotel.id, "images": [], "created_at": AT, "updated_at": AT,
            "version": FIRST_VERSION.saturating_add(number)});
        if let (Value::Object(data), Value::Object(mut own)) = (&mut data, own) {
            data.append(&mut own);
        }
        let payload = event("vacancy.room.changed.v1", unique(), &data);
        record("hotel.events", format!("room/{room}"), hotel.id.clone(), &payload)
    };
    let records: Vec<NewRecord> = (0..events).zip(rooms.iter().cycle()).map(room).collect();
    is_read(&records, |payload| matches!(read_hotel_event(payload), Ok(Some(_))))?;
    Ok(records)
}

/// Whether readers can read the first of them: all have one shape.
fn is_read(records: &[NewRecord], reads: impl Fn(&[u8]) -> bool) -> Result<(), Failed> {
    let first = records.first().and_then(|record| record.payload.as_deref());
    expect(first.is_none_or(reads), || "the burst's events are not of this version's shape".to_owned())
}

fn record(topic: &str, key: String, partition_key: String, payload: &Value) -> NewRecord {
    let payload = Some(payload.to_string().into_bytes());
    NewRecord { topic: topic.to_owned(), key, partition_key, payload, headers: BTreeMap::new() }
}

fn event(kind: &str, subject: Uuid, data: &Value) -> Value {
    json!({"specversion": "1.0", "id": unique(), "source": "/vacancy/bench", "type": kind, "subject": subject, "time": AT,
        "datacontenttype": "application/json", "data": data})
}

fn booking(hotel: &Hotel, id: Uuid, payment: Uuid, (status, version): (&str, usize)) -> Value {
    let eur = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    let (start, end) = (hotel.day(NIGHT), hotel.day(NIGHT + 1));
    let nights = json!([{"date": start, "amount": eur(10_000)}]);
    let line =
        json!({"line": 1, "room_id": hotel.room_id, "quantity": 1, "nights": nights, "amount": eur(10_000)});
    json!({
        "booking_id": id, "hotel_id": hotel.id, "user_id": hotel.manager.user_id, "start_date": start, "end_date": end,
        "status": status, "status_reason": null, "late_payment": null, "hold_expires_at": AT, "client_reference": null,
        "invoice_id": null, "cancelled_at": null, "version": version, "created_at": AT, "updated_at": AT,
        "facts": {
            "lines": [{"line": 1, "room_id": hotel.room_id, "room_name": "Room", "quantity": 1, "adults": 1,
                "child_ages": []}],
            "booker": {"given_name": "Ada", "family_name": "Lovelace", "email": "ada@bench.example", "phone": null},
            "language": "en", "special_requests": null, "email_verified": false,
            "price": {"lines": [line], "charges": [], "total": eur(10_000), "due_now": eur(10_000),
                "due_at_hotel": eur(0)},
            "cancellation_policy": {"free_until": AT, "steps": [{"from": AT, "penalty": eur(10_000)}]},
            "hotel": {"name": hotel.name, "time_zone": "Europe/Lisbon", "country_code": "PT", "currency": "EUR",
                "check_in_time": "15:00", "check_out_time": "11:00", "phone": null, "email": "desk@bench.example"},
            "payment_id": payment, "checkout_url": "https://pay.example/checkout/1?expires=2&sig=3",
            "checkout_expires_at": AT, "penalty": null, "cancellation_note": null,
        },
    })
}

fn unique() -> Uuid {
    Uuid::from_u128(rand::random())
}
