//! Money that comes after its hold has ended.

use e2e::{
    failed::{Failed, expect},
    http::text,
    mail,
    people::Person,
    sandbox::{self, GOOD_CARD},
    world::World,
};
use serde_json::{Value, json};

use super::{
    Hotel, Stay,
    book::{becomes, reserve},
    expire::PAST_THE_HOLD,
    finish::refunded,
    stay::advance,
};

/// The provider captures so late, by its own clock ...
const DELAY_MS: u64 = 600_000;
/// ... which is moved past it.
const PAST_THE_DELAY: &str = "PT11M";

/// The room is still free: BOOKED after all.
pub(crate) async fn rebooked(world: &World, hotel: &Hotel, stay: &Stay) -> Result<(), Failed> {
    let (traveller, booking) = paid_too_late(world, hotel, stay).await?;
    both_clocks(world).await?;
    let read = becomes(world, &traveller, text(&booking, "/booking_id"), "BOOKED").await?;
    expect(text(&read, "/late_payment") == "rebooked", || read.to_string())?;
    mail::arrives(world, &traveller.email, &[text(&booking, "/confirmation_number")]).await.map(drop)
}

/// Somebody else has the room: the money goes back.
pub(crate) async fn refunded_late(world: &World, hotel: &Hotel, stay: &Stay) -> Result<(), Failed> {
    let (traveller, booking) = paid_too_late(world, hotel, stay).await?;
    let quicker = Person::new(world, "traveller")?;
    let theirs = reserve(world, hotel, &hotel.suite, stay, &quicker).await?;
    sandbox::pay(world, text(&theirs, "/checkout/url"), GOOD_CARD).await?;
    becomes(world, &quicker, text(&theirs, "/booking_id"), "BOOKED").await?;
    both_clocks(world).await?;
    refunded(world, &traveller, text(&booking, "/booking_id")).await?;
    let read = becomes(world, &traveller, text(&booking, "/booking_id"), "CANCELLED").await?;
    expect(text(&read, "/late_payment") == "refunded", || read.to_string())?;
    mail::arrives(world, &traveller.email, &[text(&booking, "/confirmation_number")]).await.map(drop)
}

/// The provider's clock reaches its capture; ours keeps ahead of it, else its sessions would look over to it at once.
async fn both_clocks(world: &World) -> Result<(), Failed> {
    advance(world, PAST_THE_DELAY).await?;
    sandbox::advance(world, PAST_THE_DELAY).await
}

/// Books the suite and pays at a provider that captures only after the hold has ended.
async fn paid_too_late(world: &World, hotel: &Hotel, stay: &Stay) -> Result<(Person, Value), Failed> {
    let traveller = Person::new(world, "traveller")?;
    let booking = reserve(world, hotel, &hotel.suite, stay, &traveller).await?;
    let script = json!({"outcome": "late", "delay_ms": DELAY_MS});
    sandbox::script(world, text(&booking, "/payment/payment_id"), &script).await?;
    sandbox::pay(world, text(&booking, "/checkout/url"), GOOD_CARD).await?;
    advance(world, PAST_THE_HOLD).await?;
    let ended = becomes(world, &traveller, text(&booking, "/booking_id"), "CANCELLED").await?;
    expect(text(&ended, "/status_reason") == "hold_expired", || ended.to_string())?;
    Ok((traveller, booking))
}
