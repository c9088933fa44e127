//! `reconcile`: the provider took the money and nobody told us.

use e2e::{
    failed::{Failed, expect},
    http::text,
    people::Person,
    sandbox::{self, GOOD_CARD},
    world::World,
};
use serde_json::json;

use crate::journey::{
    Hotel, Stay,
    book::{becomes, reserve},
    expire::PAST_THE_HOLD,
    stay::advance,
};

/// Each silent answer doubles the service's own wait before it asks again: after four it is half a minute, in which only
/// the operator's command asks.
const SILENT: u32 = 4;

/// Captured without a callback, by a provider that does not answer when the hold ends: CANCELLED with a void owed. While
/// the provider is silent the command says so; once it answers, the room is booked after all.
pub(super) async fn found_out(world: &World, hotel: &Hotel, stay: &Stay) -> Result<(), Failed> {
    let traveller = Person::new(world, "traveller")?;
    let booking = reserve(world, hotel, &hotel.suite, stay, &traveller).await?;
    let (id, payment) = (text(&booking, "/booking_id"), text(&booking, "/payment/payment_id"));
    let lost = json!({"outcome": "never_answer", "api": "unavailable"});
    sandbox::script(world, payment, &lost).await?;
    sandbox::pay(world, text(&booking, "/checkout/url"), GOOD_CARD).await?;
    advance(world, PAST_THE_HOLD).await?;
    let ended = becomes(world, &traveller, id, "CANCELLED").await?;
    expect(text(&ended, "/status_reason") == "hold_expired", || ended.to_string())?;
    let mut silent = 0;
    for _ in 0..SILENT {
        let (asked, unanswered) = reconcile(world).await?;
        expect(asked >= 1 && unanswered >= 1, || format!("{asked} asked about, {unanswered} unanswered"))?;
        silent = unanswered;
    }
    becomes(world, &traveller, id, "CANCELLED").await?;
    sandbox::script(world, payment, &json!({"api": "answers"})).await?;
    let (asked, unanswered) = reconcile(world).await?;
    expect(asked >= 1 && unanswered < silent, || format!("{asked} asked about, {unanswered} unanswered"))?;
    let read = becomes(world, &traveller, id, "BOOKED").await?;
    expect(text(&read, "/late_payment") == "rebooked", || read.to_string())
}

/// How many payments were asked about, and how many of them the provider gave no answer about.
async fn reconcile(world: &World) -> Result<(u64, u64), Failed> {
    let said = world.admin(&["reconcile"]).await?;
    said.says(&["voids and refunds owed were sent once more"])?;
    let number = |name: &str| {
        let digits = said.value(name)?.replace(',', "");
        digits.parse().map_err(|_| Failed::new(format!("no number: {}", said.describe())))
    };
    Ok((number("payments asked about")?, number("without an answer")?))
}
