//! A stored document that cannot be read is left out; it hides no other and stops no event.

use platform::{settings::Loader, shutdown::Shutdown};
use search_service::reindex::reindex;
use serde_json::{Value, json};
use testkit::wait::eventually_equals;

use crate::{
    events::{House, in_days},
    stage::{SOON, Stage},
};

/// So that all events stand behind each other.
fn one_partition(loader: Loader) -> Loader {
    let loader = loader.set("topics.hotel_partitions", 1).set("topics.availability_partitions", 1);
    loader.set("reindex.check_ms", 50)
}

fn over(night: u64) -> String {
    format!("q=male&start_date={}&end_date={}", in_days(night), in_days(night + 1))
}

impl Stage {
    async fn sell_out(&self, house: &House, night: u64) {
        let night = in_days(night);
        self.publish_night(&house.night_key(&night), Some(&house.night(&night, 0, 1))).await;
    }

    async fn dead_letters(&self, topic: &str, count: usize) {
        assert_eq!(self.kafka.wait_for(&format!("{topic}.dlq"), count, SOON).await.len(), count);
    }

    /// The names on each page of one hotel.
    async fn one_by_one(&self, query: &str) -> Vec<Value> {
        let (mut names, mut token) = (Vec::new(), String::new());
        loop {
            let page = self.http.get(&format!("/v1/search?{query}&page_size=1{token}")).await.expect(200);
            names.push(page["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect());
            let Some(next) = page["next_page_token"].as_str() else { return names };
            token = format!("&page_token={next}");
        }
    }

    async fn page(&self, house: &House) -> (u16, Value) {
        let reply = self.http.get(&format!("/v1/search/hotels/{}", house.hotel_id)).await;
        (reply.status, reply.json()["rooms"].take())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hit_that_cannot_be_read_is_left_out_and_counts_for_the_fewest_typos() {
    let stage = Stage::set().await;
    let mut exact = [House::new("Hotel Paradiso"), House::new("Hotel Paradiso")];
    exact.sort_by_key(|house| house.hotel_id);
    let [first, _] = &exact;
    let misspelt = House::new("Hotel Paradisi");
    for house in exact.iter().chain([&misspelt]) {
        stage.open(house).await;
    }
    stage.eventually_finds("q=paradiso", &["Hotel Paradiso", "Hotel Paradiso", "Hotel Paradisi"]).await;
    stage.damage(&first.room_document(), "card", json!("?")).await;
    assert_eq!(stage.found("q=paradiso&include=facets").await, ["Hotel Paradiso", "Hotel Paradisi"]);
    assert_eq!(stage.found("q=paradiso&sort=price&currency=EUR").await, ["Hotel Paradiso"]);
    let pages = [json!([]), json!(["Hotel Paradiso"]), json!(["Hotel Paradisi"])];
    assert_eq!(stage.one_by_one("q=paradiso").await, pages, "its page is shorter and the list goes on");
    let figures = stage.http.get("/metrics").await.text();
    assert!(figures.contains("search_unreadable_total{what=\"hit\"}"), "{figures}");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_cannot_be_read_is_left_out_of_its_hotels_page() {
    let stage = Stage::set().await;
    let house = House::new("Hotel Paradiso");
    let other = house.other_room();
    stage.open(&house).await;
    stage.publish_hotel(&other.room_key(), &other.room(1, true)).await;
    eventually_equals(SOON, 2, || async { stage.page(&house).await.1.as_array().unwrap().len() }).await;
    stage.damage(&house.room_document(), "room", json!("?")).await;
    let (status, rooms) = stage.page(&house).await;
    let ids: Vec<_> = rooms.as_array().unwrap().iter().map(|room| room["room_id"].clone()).collect();
    assert_eq!((status, ids), (200, vec![json!(other.room_id)]));
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_cannot_be_read_stops_no_event_behind_its_own_and_its_next_event_mends_it() {
    let stage = Stage::set_with(one_partition).await;
    let (odd, sound) = (House::new("Hotel Paradiso"), House::new("Hotel Inferno"));
    for house in [&odd, &sound] {
        stage.open(house).await;
        stage.sell_out(house, 30).await;
    }
    stage.eventually_finds(&over(30), &[]).await;
    stage.damage(&odd.room_document(), "room", json!({ "quantity": "many" })).await;

    // A night and a hotel do not bring the room.
    stage.sell_out(&odd, 31).await;
    stage.sell_out(&sound, 31).await;
    stage.eventually_finds(&over(31), &["Hotel Paradiso"]).await;
    stage.dead_letters(&stage.nights, 1).await;
    stage.publish_hotel(&odd.hotel_key(), &odd.hotel(2, true)).await;
    stage.publish_hotel(&sound.room_key(), &sound.room(2, false)).await;
    stage.eventually_finds("q=male", &["Hotel Paradiso"]).await;
    stage.dead_letters(&stage.hotels, 1).await;

    stage.publish_hotel(&odd.room_key(), &odd.room(2, true)).await;
    eventually_equals(SOON, json!(2), || async { stage.page(&odd).await.1[0]["version"].clone() }).await;
    assert!(stage.found(&over(30)).await.is_empty(), "a sold-out night was forgotten");
    stage.sell_out(&odd, 32).await;
    stage.eventually_finds(&over(32), &[]).await;
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nights_that_no_event_brings_back_are_not_written_over_and_a_rebuild_brings_them_back() {
    let stage = Stage::set_with(one_partition).await;
    let house = House::new("Hotel Paradiso");
    stage.open(&house).await;
    stage.sell_out(&house, 30).await;
    stage.eventually_finds(&over(30), &[]).await;
    stage.damage(&house.room_document(), "nights", json!("?")).await;
    stage.publish_hotel(&house.room_key(), &house.room(2, true)).await;
    stage.dead_letters(&stage.hotels, 1).await;
    assert!(stage.found(&over(30)).await.is_empty(), "a sold-out night was forgotten");
    reindex(&stage.settings(), &Shutdown::new()).await.unwrap();
    assert_eq!(stage.page(&house).await.1[0]["version"], 2);
    assert!(stage.found(&over(30)).await.is_empty(), "a sold-out night was lost");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hotel_that_cannot_be_read_counts_as_not_heard_of_and_its_next_event_mends_it() {
    let stage = Stage::set_with(one_partition).await;
    let (odd, sound) = (House::new("Hotel Paradiso"), House::new("Hotel Inferno"));
    stage.open(&odd).await;
    stage.damage(&odd.hotel_document(), "hotel", json!("?")).await;
    assert_eq!(stage.page(&odd).await.0, 404);
    stage.publish_hotel(&odd.room_key(), &odd.room(2, true)).await;
    stage.open(&sound).await;
    stage.publish_hotel(&odd.hotel_key(), &odd.hotel(1, true)).await;
    eventually_equals(SOON, 200, || async { stage.page(&odd).await.0 }).await;
    stage.strike().await;
}
