//! `dlq list`, `show`, `replay`, `discard`: what a consumer group refused.

use e2e::{
    admin::Said,
    failed::{Failed, expect},
    mail,
    world::World,
};

use super::{
    log::{self, Record},
    reviews::Reviewed,
};
use crate::journey::{Hotel, Stay, search};

const HOTELS: &str = "hotel.events";
const NIGHTS: &str = "availability.events";
const BOOKINGS: &str = "booking.events";
/// Whose letters are looked at most closely: the group that puts hotels and rooms into search.
const SEARCH: &str = "search-hotel";
/// What is written as the group's reason.
const REASON: &str = "put there by e2e";
/// Not an event of anybody's.
const NONSENSE: &str = "{\"nonsense\": true}";

/// Letters with events that each group has handled long ago: a breach of the audit until they are replayed; then they
/// are gone, the hotel is found as before, and nobody got a mail twice.
pub(super) async fn handled_and_gone(world: &World, hotel: &Hotel, booked: &Reviewed) -> Result<(), Failed> {
    let mails = mail::count(world, &booked.traveller.email).await?;
    let night = format!("{}/{}", hotel.suite.room_id, booked.night);
    let (whole, room) = (format!("hotel/{}", hotel.id), format!("room/{}", hotel.suite.room_id));
    for (group, topic, key) in [
        (SEARCH, HOTELS, &whole),
        ("booking-stock", HOTELS, &room),
        ("search-availability", NIGHTS, &night),
        ("notification", BOOKINGS, &booked.booking_id),
        ("mgmt-cache", BOOKINGS, &booked.booking_id),
        ("archival", BOOKINGS, &booked.booking_id),
    ] {
        replayed(world, group, topic, key).await?;
    }
    let after = mail::count(world, &booked.traveller.email).await?;
    expect(after == mails, || format!("{mails} mails before, {after} after"))?;
    let stay = Stay::in_days(world, 140, 2).await?;
    search::back(world, hotel, &hotel.suite, &stay).await
}

async fn replayed(world: &World, group: &str, topic: &str, key: &str) -> Result<(), Failed> {
    none(world, group).await?;
    let event = log::last(world, topic, key).await?;
    log::refuse(world, &event, group, REASON).await?;
    let place = only_letter(world, group, key).await?;
    let record = format!("record    {topic}/{} offset {}\n", event.partition, event.offset);
    show(world, group, &place, &[&record, key, "\"specversion\":\"1.0\""]).await?;
    let audit = world.admin(&["audit", "--only", "letters"]).await?;
    expect(audit.code == Some(1), || format!("a breach expected: {}", audit.describe()))?;
    let done = dlq(world, "replay", group, &[]).await?;
    done.says(&[&format!("1 letters of {group} were handled and are gone\n")])?;
    none(world, group).await
}

/// A letter that no handler understands stops a replay and stays, until it is discarded.
pub(super) async fn nonsense_is_discarded(world: &World) -> Result<(), Failed> {
    let nonsense = Record {
        topic: HOTELS.to_owned(),
        partition: 0,
        offset: 0,
        key: "hotel/nonsense".to_owned(),
        payload: NONSENSE.as_bytes().to_vec(),
        headers: Vec::new(),
    };
    log::refuse(world, &nonsense, SEARCH, REASON).await?;
    let place = only_letter(world, SEARCH, &nonsense.key).await?;
    let stopped = dlq(world, "replay", SEARCH, &[]).await?;
    stopped.refuses(&[&format!("letter {place} stopped it: "), "dlq discard"])?;
    e2e::say!("    {}", stopped.err.trim().replace('\n', "; "));
    show(world, SEARCH, &place, &[NONSENSE, "hotel/nonsense"]).await?;
    let gone = dlq(world, "discard", SEARCH, &["--limit", "1"]).await?;
    gone.says(&[&format!("1 letters of {SEARCH} are gone\n")])?;
    none(world, SEARCH).await?;
    dlq(world, "show", SEARCH, &[&place]).await?.refuses(&["there is no such letter"])
}

async fn dlq(world: &World, word: &str, group: &str, more: &[&str]) -> Result<Said, Failed> {
    world.admin(&[&["dlq", word, "--group", group], more].concat()).await
}

/// Before and after: another run's letters would be counted with ours.
async fn none(world: &World, group: &str) -> Result<(), Failed> {
    let list = dlq(world, "list", group, &[]).await?;
    expect(list.code == Some(0) && list.out.trim() == "0 letters", || {
        format!("no letters expected: {}", list.describe())
    })
}

/// PARTITION/OFFSET of the one letter that is listed.
async fn only_letter(world: &World, group: &str, key: &str) -> Result<String, Failed> {
    let list = dlq(world, "list", group, &[]).await?;
    list.says(&[&format!("  {key}  {REASON}\n1 letters\n")])?;
    let place = list.out.split_whitespace().next().unwrap_or_default();
    Ok(place.to_owned())
}

async fn show(world: &World, group: &str, place: &str, words: &[&str]) -> Result<(), Failed> {
    let shown = dlq(world, "show", group, &[place]).await?;
    shown.says(&[&format!("refused   {REASON}\n")])?;
    shown.says(words)
}
