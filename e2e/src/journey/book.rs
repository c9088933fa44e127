//! Offers, a quote, a booking, its payment.

use std::time::Duration;

use e2e::{
    failed::{Failed, expect},
    http::text,
    mail,
    people::Person,
    sandbox::{self, DECLINED_CARD, GOOD_CARD},
    wait::{Seen, until},
    world::World,
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Hotel, Room, Stay,
    stay::{booked_by, with},
};

/// A callback takes a moment; half a minute on a busy machine.
pub(crate) const SETTLES: Duration = Duration::from_mins(1);

/// Both rooms are available, with the middle of their prices per night.
pub(crate) async fn offers(world: &World, hotel: &Hotel, stay: &Stay) -> Result<(), Failed> {
    until("both rooms are offered", SETTLES, || async {
        let available = [
            available(world, hotel, &hotel.double, stay).await?,
            available(world, hotel, &hotel.suite, stay).await?,
        ];
        Ok(Seen::when(available == [2, 1], || format!("{available:?} available")))
    })
    .await
}

/// How many units of a room are offered.
pub(crate) async fn available(world: &World, hotel: &Hotel, room: &Room, stay: &Stay) -> Result<i64, Failed> {
    let path = format!("/v1/hotels/{}/offers?{}&adults=2", hotel.id, stay.query());
    let offers = world.get(&path).expect(200).await?;
    let found = offers.items().into_iter().find(|item| text(item, "/room_id") == room.room_id);
    Ok(found.and_then(|item| item.pointer("/available_quantity").and_then(Value::as_i64)).unwrap_or(0))
}

/// One of each room; two nights cost (10,000 + 20,000) x 2.
pub(crate) async fn quote(world: &World, hotel: &Hotel, stay: &Stay) -> Result<String, Failed> {
    let body = stay.of(hotel, &[(&hotel.double, 1), (&hotel.suite, 1)]);
    let quote = world.post("/v1/quotes").json(&body).expect(200).await?;
    let total = quote.number_at("/price/total/amount")?;
    expect(total == 60_000, || format!("600.00 EUR expected, {total} quoted"))?;
    quote.text_at("/quote_token")
}

/// Books what was quoted; the same key again gives the same members and values.
pub(crate) async fn book(
    world: &World,
    hotel: &Hotel,
    stay: &Stay,
    traveller: &Person,
    quote: &str,
) -> Result<Value, Failed> {
    let body = booked_by(stay.of(hotel, &[(&hotel.double, 1), (&hotel.suite, 1)]), traveller);
    let body = with(body, "quote_token", quote.into());
    let key = Uuid::from_u128(rand::random()).to_string();
    let made = world.post("/v1/bookings").by(traveller).key(&key).json(&body).expect(201).await?;
    let again = world.post("/v1/bookings").by(traveller).key(&key).json(&body).expect(201).await?;
    expect(again.json == made.json && again.header("Idempotency-Replayed") == "true", || {
        format!("a repeated key gave another answer: {}", again.describe())
    })?;
    expect(made.text_at("/status")? == "RESERVED", || made.describe())?;
    Ok(made.json)
}

/// One unit of a room, for somebody; 201.
pub(crate) async fn reserve(
    world: &World,
    hotel: &Hotel,
    room: &Room,
    stay: &Stay,
    traveller: &Person,
) -> Result<Value, Failed> {
    let body = booked_by(stay.of(hotel, &[(room, 1)]), traveller);
    let key = Uuid::from_u128(rand::random()).to_string();
    Ok(world.post("/v1/bookings").by(traveller).key(&key).json(&body).expect(201).await?.json)
}

/// By id and in the list of one's own, without waiting.
pub(crate) async fn seen_at_once(world: &World, traveller: &Person, booking: &Value) -> Result<(), Failed> {
    let id = text(booking, "/booking_id");
    let read = world.get(&format!("/v1/bookings/{id}")).by(traveller).expect(200).await?;
    expect(read.json == *booking, || format!("the next read differs from the 201: {}", read.describe()))?;
    let own = world.get("/v1/me/bookings?view=upcoming").by(traveller).expect(200).await?;
    expect(own.items().iter().any(|item| text(item, "/booking_id") == id), || own.describe())
}

/// At the checkout page, with a card that is declined and then one that is taken.
pub(crate) async fn pay(world: &World, traveller: &Person, booking: &Value) -> Result<(), Failed> {
    let url = text(booking, "/checkout/url");
    sandbox::pay(world, url, DECLINED_CARD).await?;
    sandbox::pay(world, url, GOOD_CARD).await?;
    becomes(world, traveller, text(booking, "/booking_id"), "BOOKED").await.map(drop)
}

/// Waits until a booking has that status.
pub(crate) async fn becomes(
    world: &World,
    reader: &Person,
    booking_id: &str,
    status: &str,
) -> Result<Value, Failed> {
    let path = format!("/v1/bookings/{booking_id}");
    until(&format!("the booking becomes {status}"), SETTLES, || async {
        let read = world.get(&path).by(reader).expect(200).await?;
        let now = read.text_at("/status")?;
        Ok(if now == status { Seen::Yes(read.json) } else { Seen::NotYet(format!("{now}: {}", read.text)) })
    })
    .await
}

/// The traveller's holds the confirmation number and an invoice, the hotel's the number.
pub(crate) async fn mails(
    world: &World,
    hotel: &Hotel,
    traveller: &Person,
    booking: &Value,
) -> Result<(), Failed> {
    let number = text(booking, "/confirmation_number");
    let mail = mail::arrives(world, &traveller.email, &[number]).await?;
    expect(mail.to_lowercase().contains("filename"), || "the traveller's mail has no attachment".to_owned())?;
    mail::arrives(world, &hotel.email, &[number]).await.map(drop)
}

/// As JSON and as a page.
pub(crate) async fn invoice(world: &World, traveller: &Person, booking: &Value) -> Result<(), Failed> {
    let path = format!("/v1/bookings/{}/invoice", text(booking, "/booking_id"));
    let json = world.get(&path).by(traveller).expect(200).await?;
    let number = json.text_at("/number")?;
    expect(number.starts_with("JOU-"), || format!("JOU-... expected, {number} given"))?;
    let page = world.get(&path).by(traveller).header("Accept", "text/html").expect(200).await?;
    expect(page.text.contains(&number), || "the page does not show the number".to_owned())
}
