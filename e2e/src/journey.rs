//! The main job from end to end, over HTTP through the gateway, with nothing but public APIs.

pub(crate) mod book;
pub(crate) mod expire;
pub(crate) mod finish;
mod late;
pub(crate) mod onboard;
pub(crate) mod search;
pub(crate) mod stay;

use e2e::{failed::Failed, people::Person, world::World};

use crate::steps::Steps;

pub(crate) use stay::{Hotel, Room, Stay, with};

/// Walks all of it; ends with the audit.
pub(crate) async fn walk(world: &World) -> Result<(), Failed> {
    let mut steps = Steps::new();
    let manager = Person::new(world, "manager")?;
    let traveller = Person::new(world, "traveller")?;
    let hotel =
        steps.take("a manager onboards a hotel with two room types", onboard::hotel(world, &manager)).await?;
    sell(world, &mut steps, &hotel, &traveller).await?;
    give_back(world, &mut steps, &hotel).await?;
    end(world, &mut steps, &hotel, &manager).await?;
    steps.take("the audit finds every invariant kept", world.audit()).await?;
    steps.finish("the journey");
    Ok(())
}

/// From the first search to the last room.
async fn sell(world: &World, steps: &mut Steps, hotel: &Hotel, traveller: &Person) -> Result<(), Failed> {
    let stay = Stay::in_days(world, 40, 2).await?;
    steps
        .take(
            "a traveller finds it by a misspelt city, dates and a price range",
            search::finds(world, hotel, &stay),
        )
        .await?;
    steps.take("its offers are live and priced", book::offers(world, hotel, &stay)).await?;
    let quote = steps.take("a quote fixes the price", book::quote(world, hotel, &stay)).await?;
    let booking = steps
        .take(
            "both room types are booked, once for one key",
            book::book(world, hotel, &stay, traveller, &quote),
        )
        .await?;
    steps
        .take("the booking is there on the very next read", book::seen_at_once(world, traveller, &booking))
        .await?;
    steps
        .take("a declined card may be followed by a good one: BOOKED", book::pay(world, traveller, &booking))
        .await?;
    steps
        .take("mails to traveller (with invoice) and hotel", book::mails(world, hotel, traveller, &booking))
        .await?;
    steps.take("the invoice has its number", book::invoice(world, traveller, &booking)).await?;
    steps.take("search no longer offers the last room", search::gone(world, hotel, &hotel.suite, &stay)).await
}

/// Holds that end, money that comes late.
async fn give_back(world: &World, steps: &mut Steps, hotel: &Hotel) -> Result<(), Failed> {
    let stay = Stay::in_days(world, 50, 2).await?;
    steps.take("another hold expires and the room returns", expire::hold(world, hotel, &stay)).await?;
    let stay = Stay::in_days(world, 60, 2).await?;
    steps
        .take("a late payment is rebooked while its room is free", late::rebooked(world, hotel, &stay))
        .await?;
    let stay = Stay::in_days(world, 70, 2).await?;
    steps
        .take(
            "a late payment is refunded once the room is somebody else's",
            late::refunded_late(world, hotel, &stay),
        )
        .await
}

/// Bookings that end, and where they are then.
async fn end(world: &World, steps: &mut Steps, hotel: &Hotel, manager: &Person) -> Result<(), Failed> {
    let stay = Stay::in_days(world, 80, 2).await?;
    let cancelled = steps
        .take("a booking is cancelled at the price that was shown", finish::cancelled(world, hotel, &stay))
        .await?;
    steps.take("its room is in search again", search::back(world, hotel, &hotel.suite, &stay)).await?;
    let completed = steps.take("a stay passes and is completed", finish::completed(world, hotel)).await?;
    steps
        .take("both reach Cassandra and are still seen", finish::archived(world, &[cancelled, completed]))
        .await?;
    steps.take("the manager sees the hotel's bookings", finish::seen_by_manager(world, hotel, manager)).await
}
