//! What a traveller finds.

use std::time::Duration;

use e2e::{
    failed::Failed,
    http::text,
    wait::{Seen, until},
    world::World,
};

use super::{Hotel, Room, Stay};

/// From the change to the index: seconds; a minute on a busy machine.
const CONVERGES: Duration = Duration::from_mins(1);
/// Ten pages of a hundred are as deep as a search goes.
const PAGES: usize = 10;

/// By a misspelt city (two letters swapped), with dates and a price range.
pub(crate) async fn finds(world: &World, hotel: &Hotel, stay: &Stay) -> Result<(), Failed> {
    let query = format!(
        "/v1/search?q=lsibon&{}&adults=2&currency=EUR&price_min=9500&price_max=10500&stars=4",
        stay.query()
    );
    until("search offers the hotel", CONVERGES, || async {
        let room = offered(world, &query, &hotel.id).await?;
        Ok(Seen::when(room.as_deref() == Some(hotel.double.room_id.as_str()), || format!("{room:?}")))
    })
    .await
}

/// Until the hotel offers no such room for these dates.
pub(crate) async fn gone(world: &World, hotel: &Hotel, room: &Room, stay: &Stay) -> Result<(), Failed> {
    until("search no longer offers the room", CONVERGES, || async {
        let found = offered(world, &fitting(room, *stay), &hotel.id).await?;
        Ok(Seen::when(found.is_none(), || format!("{found:?}")))
    })
    .await
}

/// Until it does again.
pub(crate) async fn back(world: &World, hotel: &Hotel, room: &Room, stay: &Stay) -> Result<(), Failed> {
    until("search offers the room again", CONVERGES, || async {
        let found = offered(world, &fitting(room, *stay), &hotel.id).await?;
        Ok(Seen::when(found.as_deref() == Some(room.room_id.as_str()), || format!("{found:?}")))
    })
    .await
}

/// A party that only rooms of this size hold.
fn fitting(room: &Room, stay: Stay) -> String {
    format!("/v1/search?q=Lisbon&{}&adults={}", stay.query(), room.occupancy)
}

/// The room that a search offers of this hotel, looked for on every page.
async fn offered(world: &World, query: &str, hotel_id: &str) -> Result<Option<String>, Failed> {
    let mut next = Some(String::new());
    for _ in 0..PAGES {
        let Some(token) = next else { break };
        let page = world.get(&format!("{query}&page_size=100{token}")).expect(200).await?;
        let found = page.items().into_iter().find(|item| text(item, "/hotel_id") == hotel_id);
        if let Some(found) = found {
            return Ok(Some(text(&found, "/room/room_id").to_owned()));
        }
        next = page.text_at("/next_page_token").ok().map(|token| format!("&page_token={token}"));
    }
    Ok(None)
}
