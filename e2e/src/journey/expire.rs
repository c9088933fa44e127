//! A hold that nobody pays.

use e2e::{
    failed::{Failed, expect},
    http::text,
    mail,
    people::Person,
    world::World,
};

use super::{
    Hotel, Stay,
    book::{available, becomes, reserve},
    search,
    stay::advance,
};

/// Longer than any hold of the defaults.
pub(crate) const PAST_THE_HOLD: &str = "PT6M";

/// The room is taken, then the hold's time passes, then the room is there again: in offers and in search.
pub(crate) async fn hold(world: &World, hotel: &Hotel, stay: &Stay) -> Result<(), Failed> {
    let traveller = Person::new(world, "traveller")?;
    let booking = reserve(world, hotel, &hotel.suite, stay, &traveller).await?;
    let left = available(world, hotel, &hotel.suite, stay).await?;
    expect(left == 0, || format!("{left} suites are still offered"))?;
    search::gone(world, hotel, &hotel.suite, stay).await?;
    advance(world, PAST_THE_HOLD).await?;
    let ended = becomes(world, &traveller, text(&booking, "/booking_id"), "CANCELLED").await?;
    expect(text(&ended, "/status_reason") == "hold_expired", || ended.to_string())?;
    let left = available(world, hotel, &hotel.suite, stay).await?;
    expect(left == 1, || format!("{left} suites are offered after the hold"))?;
    mail::arrives(world, &traveller.email, &[text(&booking, "/confirmation_number")]).await?;
    search::back(world, hotel, &hotel.suite, stay).await
}
