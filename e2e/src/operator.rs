//! The operator's commands against live services: each is run as the built binary, and its effect is looked for where
//! travellers would see it.

mod again;
mod index;
mod letters;
mod log;
mod reviews;
mod silent;

use e2e::{failed::Failed, people::Person, world::World};
use reviews::Reviewed;

use crate::{
    journey::{Hotel, Stay, book, onboard},
    steps::Steps,
};

/// Walks all of it; ends with the audit.
pub(crate) async fn walk(world: &World) -> Result<(), Failed> {
    let mut steps = Steps::new();
    let manager = Person::new(world, "manager")?;
    let hotel = steps.take("a hotel to work with is on sale", on_sale(world, &manager)).await?;
    let booked = money(world, &mut steps, &hotel).await?;
    rebuild(world, &mut steps, &hotel).await?;
    steps
        .take(
            "`dlq replay` hands letters to each group again, without harm",
            letters::handled_and_gone(world, &hotel, &booked),
        )
        .await?;
    steps
        .take("nonsense stops `dlq replay`; `dlq discard` removes it", letters::nonsense_is_discarded(world))
        .await?;
    steps.take("the audit finds every invariant kept", world.audit()).await?;
    steps.finish("the operator's commands");
    Ok(())
}

async fn on_sale(world: &World, manager: &Person) -> Result<Hotel, Failed> {
    let hotel = onboard::hotel(world, manager).await?;
    book::offers(world, &hotel, &Stay::in_days(world, 100, 2).await?).await?;
    Ok(hotel)
}

/// Payments that need a decision, and one that nobody told us about; gives the booking that was decided for.
async fn money(world: &World, steps: &mut Steps, hotel: &Hotel) -> Result<Reviewed, Failed> {
    let stay = Stay::in_days(world, 100, 2).await?;
    let booked = steps
        .take("another amount than asked: `payments list` shows it", reviews::listed(world, hotel, &stay))
        .await?;
    steps
        .take("`payments book` makes the booking BOOKED, with mail", reviews::booked(world, &booked))
        .await?;
    let stay = Stay::in_days(world, 110, 2).await?;
    steps
        .take(
            "`payments refund` sends the money back; the hold ends as usual",
            reviews::refunded(world, hotel, &stay),
        )
        .await?;
    steps
        .take("what is not in review is refused, and told what to do next", reviews::refused(world, &booked))
        .await?;
    let stay = Stay::in_days(world, 120, 2).await?;
    steps
        .take(
            "`reconcile` asks about a payment nobody told us of: BOOKED",
            silent::found_out(world, hotel, &stay),
        )
        .await?;
    Ok(booked)
}

/// The search index, anew.
async fn rebuild(world: &World, steps: &mut Steps, hotel: &Hotel) -> Result<(), Failed> {
    let stay = Stay::in_days(world, 130, 2).await?;
    steps
        .take("`reindex` while searches go on; they find the same", index::rebuilt(world, hotel, &stay))
        .await?;
    steps
        .take("the new index follows: the last room sold leaves search", index::follows(world, hotel, &stay))
        .await?;
    steps
        .take("`republish` tells a hotel and its nights again, without harm", again::told(world, hotel))
        .await
}
