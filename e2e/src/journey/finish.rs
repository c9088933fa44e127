//! Bookings that end: cancelled, completed, archived.

use e2e::{
    failed::{Failed, expect},
    http::text,
    mail,
    people::Person,
    sandbox::{self, GOOD_CARD},
    stores,
    wait::{Seen, until},
    world::World,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Hotel, Stay,
    book::{SETTLES, becomes, reserve},
    stay::advance,
};

/// A booking that has ended, and whose it is.
pub(crate) struct Ended {
    booking_id: String,
    status: &'static str,
    traveller: Person,
}

/// Paid, previewed, cancelled for what the preview said; the same again gives the same answer; the money goes back.
pub(crate) async fn cancelled(world: &World, hotel: &Hotel, stay: &Stay) -> Result<Ended, Failed> {
    let traveller = Person::new(world, "traveller")?;
    let booking = reserve(world, hotel, &hotel.suite, stay, &traveller).await?;
    let booking_id = text(&booking, "/booking_id").to_owned();
    sandbox::pay(world, text(&booking, "/checkout/url"), GOOD_CARD).await?;
    becomes(world, &traveller, &booking_id, "BOOKED").await?;
    let path = format!("/v1/bookings/{booking_id}/cancellation");
    let preview = world.get(&path).by(&traveller).expect(200).await?;
    expect(preview.number_at("/penalty/amount")? == 0, || preview.describe())?;
    let body = json!({"accepted_penalty": preview.json.get("penalty")});
    let key = Uuid::from_u128(rand::random()).to_string();
    let first = world.post(&path).by(&traveller).key(&key).json(&body).expect(200).await?;
    let again = world.post(&path).by(&traveller).key(&key).json(&body).expect(200).await?;
    expect(again.text == first.text, || again.describe())?;
    refunded(world, &traveller, &booking_id).await?;
    mail::arrives(world, &traveller.email, &[text(&booking, "/confirmation_number")]).await?;
    Ok(Ended { booking_id, status: "CANCELLED", traveller })
}

/// Until the provider has confirmed the refund.
pub(crate) async fn refunded(world: &World, traveller: &Person, booking_id: &str) -> Result<(), Failed> {
    payment_is(world, traveller, booking_id, "refunded").await
}

/// Until the payment stands there.
pub(crate) async fn payment_is(
    world: &World,
    traveller: &Person,
    booking_id: &str,
    wanted: &str,
) -> Result<(), Failed> {
    let path = format!("/v1/bookings/{booking_id}");
    until(&format!("the payment is {wanted}"), SETTLES, || async {
        let read = world.get(&path).by(traveller).expect(200).await?;
        let status = read.text_at("/payment/status")?;
        Ok(Seen::when(status == wanted, || read.text.clone()))
    })
    .await
}

/// A stay of tonight whose days pass.
pub(crate) async fn completed(world: &World, hotel: &Hotel) -> Result<Ended, Failed> {
    let traveller = Person::new(world, "traveller")?;
    // Tomorrow: near midnight the hotel's today may already be UTC's tomorrow.
    let stay = Stay::in_days(world, 1, 1).await?;
    let booking = reserve(world, hotel, &hotel.double, &stay, &traveller).await?;
    let booking_id = text(&booking, "/booking_id").to_owned();
    sandbox::pay(world, text(&booking, "/checkout/url"), GOOD_CARD).await?;
    becomes(world, &traveller, &booking_id, "BOOKED").await?;
    advance(world, "PT96H").await?;
    becomes(world, &traveller, &booking_id, "COMPLETED").await?;
    Ok(Ended { booking_id, status: "COMPLETED", traveller })
}

/// In Cassandra with that status, and still answered by the API, alone and in the list.
pub(crate) async fn archived(world: &World, all: &[Ended]) -> Result<(), Failed> {
    for ended in all {
        until("the booking is in Cassandra", SETTLES, || async {
            let found = stores::archived_status(world, &ended.booking_id).await?;
            Ok(Seen::when(found.as_deref() == Some(ended.status), || format!("{found:?}")))
        })
        .await?;
        let read =
            world.get(&format!("/v1/bookings/{}", ended.booking_id)).by(&ended.traveller).expect(200).await?;
        expect(read.text_at("/status")? == ended.status, || read.describe())?;
        let own = world.get("/v1/me/bookings?view=all").by(&ended.traveller).expect(200).await?;
        let times = own.items().iter().filter(|item| text(item, "/booking_id") == ended.booking_id).count();
        expect(times == 1, || format!("listed {times} times: {}", own.describe()))?;
    }
    Ok(())
}

/// Every booking of the journey, active and ended, in the hotel's list.
pub(crate) async fn seen_by_manager(world: &World, hotel: &Hotel, manager: &Person) -> Result<(), Failed> {
    let path = format!("/v1/hotels/{}/bookings?page_size=100", hotel.id);
    let list = world.get(&path).by(manager).expect(200).await?;
    let statuses: Vec<Value> =
        list.items().into_iter().filter_map(|item| item.get("status").cloned()).collect();
    let has = |status: &str| statuses.iter().any(|one| one == status);
    expect(has("BOOKED") && has("CANCELLED") && has("COMPLETED"), || list.describe())
}
