//! Hotels and rooms come in by Kafka; bookings and nights go out by it.

use std::time::Duration;

use domain::{
    EventId,
    event::{CloudEvent, Occurrence, hotel_key, kind, room_key},
};
use platform::redis::{self, RedisSettings};
use serde_json::Value;

use crate::stage::{Setup, Stage, now};

const DEADLINE: Duration = Duration::from_secs(40);

/// The service beside topics of its own.
struct World {
    stage: Stage,
    kafka: testkit::kafka::Lease,
    /// The topic of the hotels' events.
    hotels: String,
}

async fn world() -> World {
    let kafka = testkit::kafka::lease();
    let hotels = kafka.compacted_topic("hotel.events").await;
    for topic in ["booking.events", "hotel.events.dlq"] {
        kafka.topic(topic).await;
    }
    kafka.compacted_topic("availability.events").await;
    let prefix = kafka.name("");
    let stage = Stage::set(Setup { kafka: Some((prefix, kafka.brokers.clone())), ..Setup::default() }).await;
    World { stage, kafka, hotels }
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_comes_from_events_and_bookings_and_nights_are_told_by_events() {
    let World { stage, kafka, hotels } = world().await;
    let booking = stage.book(&stage.traveller(), &[(stage.single, 1)]).await;
    stage.pay(&booking).await;
    let told = kafka.wait_for(&kafka.name("booking.events"), 3, DEADLINE).await;
    let kinds: Vec<String> =
        told.iter().map(|read| read.json()["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        kinds,
        ["vacancy.booking.reserved.v1", "vacancy.booking.booked.v1", "vacancy.booking.invoiced.v1"]
    );
    assert!(told[2].json()["data"]["invoice"]["number"].as_str().unwrap().starts_with("HOT-"));
    let nights = kafka.wait_for(&kafka.name("availability.events"), 2, DEADLINE).await;
    assert!(nights.iter().all(|read| read.json()["data"]["available_quantity"] == 0));

    let room = event(
        kind::ROOM_CHANGED,
        &room_key(stage.single),
        serde_json::to_value(stage.room_event(stage.single, 5, 2)).unwrap(),
    );
    kafka.write_of_a_newer_writer(&hotels, "garbage").await;
    kafka.write(&hotels, "garbage", Some(b"{"), &[]).await;
    kafka.write(&hotels, &room_key(stage.single), Some(&room), &[("version", "2")]).await;
    testkit::wait::eventually_equals(DEADLINE, vec![4, 4], || stage.left(stage.single)).await;
    let mut closed = stage.hotel_event(2);
    closed.is_active = false;
    let closed = event(kind::HOTEL_CHANGED, &hotel_key(stage.hotel), serde_json::to_value(closed).unwrap());
    kafka.write(&hotels, &hotel_key(stage.hotel), Some(&closed), &[("version", "2")]).await;
    testkit::eventually(DEADLINE, || async {
        let reply = stage.http().post("/v1/quotes", &stage.stay(&[(stage.single, 1)])).await;
        (reply.status == 422).then(|| reply.expect_problem(422, "restricted"))
    })
    .await;
    let letters = kafka.wait_for(&kafka.name("hotel.events.dlq"), 1, DEADLINE).await;
    assert_eq!(letters[0].payload.as_deref(), Some(&b"{"[..]));
}

/// Figures that jobs and the relay tell beside those of the shards.
const TOLD_BESIDE_SHARDS: [&str; 3] =
    ["booking_hold_end_late_seconds_count", "booking_shares_held", "outbox_records_per_transaction_count{"];

#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_how_late_holds_end_which_shares_are_held_and_what_a_transaction_publishes() {
    let World { stage, kafka, .. } = world().await;
    let booking = stage.book(&stage.traveller(), &[(stage.single, 1)]).await;
    stage.advance("PT5M").await;
    stage.becomes(&booking, "CANCELLED").await;
    kafka.wait_for(&kafka.name("booking.events"), 2, DEADLINE).await;
    testkit::eventually(DEADLINE, || async {
        let figures = stage.http().get("/metrics").await.text();
        let is_told = |name: &&str| figures.lines().any(|line| line.starts_with(*name));
        TOLD_BESIDE_SHARDS.iter().all(is_told).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_tells_the_copy_that_has_its_lane() {
    let stage = Stage::set(Setup { redis: true, ..Setup::default() }).await;
    let url = stage.redis.as_ref().unwrap().url.clone();
    let channel = format!("vacancy/wake/{}", events::outbox::lane_of(stage.hotel));
    let redis = redis::connect(&RedisSettings::at(url).unwrap()).unwrap();
    let mut told = redis.subscription("test", [channel.clone()]);
    let heard = tokio::spawn(async move { told.next().await });
    // Whoever has not subscribed yet hears nothing of the first ones.
    testkit::eventually(DEADLINE, || async {
        stage.book(&stage.traveller(), &[(stage.room(1).await, 1)]).await;
        heard.is_finished().then_some(())
    })
    .await;
    assert_eq!(heard.await.unwrap().channel, channel);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_meets_a_damaged_row_makes_a_dead_letter_and_stops_nothing() {
    let World { stage, kafka, hotels } = world().await;
    let told = |quantity, version| {
        let room = serde_json::to_value(stage.room_event(stage.single, quantity, version)).unwrap();
        event(kind::ROOM_CHANGED, &room_key(stage.single), room)
    };
    let zone = async |zone: &str| {
        sqlx::query("update hotels_seen set time_zone = ?").bind(zone).execute(stage.pool()).await.unwrap();
    };
    stage.book(&stage.traveller(), &[(stage.single, 1)]).await;
    zone("No/Where").await;
    kafka.write(&hotels, &room_key(stage.single), Some(&told(5, 2)), &[("version", "2")]).await;
    kafka.wait_for(&kafka.name("hotel.events.dlq"), 1, DEADLINE).await;
    zone("Europe/Rome").await;
    kafka.write(&hotels, &room_key(stage.single), Some(&told(6, 3)), &[("version", "3")]).await;
    testkit::wait::eventually_equals(DEADLINE, vec![5, 5], || stage.left(stage.single)).await;
}

fn event(kind: &str, subject: &str, data: Value) -> Vec<u8> {
    let id = EventId::from_uuid(testkit::unique_uuid());
    let occurrence = Occurrence { kind, subject: subject.to_owned(), time: now() };
    serde_json::to_vec(&CloudEvent::new(id, "/vacancy/test", occurrence, data)).unwrap()
}
