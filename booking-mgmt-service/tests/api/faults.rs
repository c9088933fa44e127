use domain::{
    EventId,
    booking::{BookingRecord, BookingStatus},
    event::{BookingEvent, BookingHappening, CloudEvent, Occurrence},
};
use testkit::{eventually, unique_uuid, wait::eventually_equals};

use crate::stage::{NOBODY, SOON, Stage, booking, stage, user, with};

#[tokio::test(flavor = "multi_thread")]
async fn without_the_archive_active_bookings_are_there_and_lists_say_that_they_are_partial() {
    let stage = with(|loader| {
        loader.set("cassandra.nodes", vec![NOBODY.to_owned()]).set("cassandra.connect_timeout_ms", 1_000)
    })
    .await;
    let (record, purged) =
        (booking(user(), 3, BookingStatus::Booked), booking(user(), 3, BookingStatus::Completed));
    stage.active(&record).await;
    let traveller = stage.caller("traveller", record.user_id);
    let body = traveller.get("/v1/me/bookings?view=all").await.expect(200);
    assert_eq!((&body["partial"], body["items"].as_array().unwrap().len()), (&true.into(), 1));
    // Only ended bookings are archived: nothing can be missing here.
    let body = traveller.get("/v1/me/bookings?view=upcoming").await.expect(200);
    assert_eq!((&body["partial"], body["items"].as_array().unwrap().len()), (&false.into(), 1));
    let manager = stage.caller("manager", stage.hotel(record.hotel_id).await);
    let path = format!("/v1/hotels/{}/bookings?start_from=2026-11-01&start_to=2026-12-01", record.hotel_id);
    let body = manager.get(&path).await.expect(200);
    assert_eq!((&body["partial"], body["items"].as_array().unwrap().len()), (&true.into(), 1));
    traveller.get(&format!("/v1/bookings/{}", record.booking_id)).await.expect(200);
    // Nobody can say whether this one is there: not a 404.
    let reply = traveller.get(&format!("/v1/bookings/{}", purged.booking_id)).await;
    reply.expect_problem(503, "unavailable");
    assert!(reply.header("retry-after").is_some());
    assert_eq!(stage.nobody().get("/readyz").await.status, 200);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_every_read_is_answered_from_mysql() {
    let stage = with(|loader| loader.set("redis.url", format!("redis://{NOBODY}/0"))).await;
    let record = booking(user(), 3, BookingStatus::Booked);
    stage.active(&record).await;
    let traveller = stage.caller("traveller", record.user_id);
    traveller.get(&format!("/v1/bookings/{}", record.booking_id)).await.expect(200);
    let body = traveller.get("/v1/me/bookings").await.expect(200);
    assert_eq!(body["items"][0]["booking_id"], record.booking_id.to_string());
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_mysql_reads_say_to_come_back() {
    let stage = with(|loader| {
        loader.set("mysql.url", format!("mysql://mgmt@{NOBODY}/booking")).set("mysql.acquire_timeout_ms", 300)
    })
    .await;
    let operator = stage.caller("operator", unique_uuid());
    for path in [format!("/v1/bookings/{}", unique_uuid()), format!("/v1/hotels/{}/bookings", unique_uuid())]
    {
        let reply = operator.get(&path).await;
        reply.expect_problem(503, "unavailable");
        assert!(reply.header("retry-after").is_some());
    }
    assert_eq!(stage.nobody().get("/readyz").await.status, 503);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_refreshes_the_body_only_when_it_is_newer_and_a_poison_one_alone_goes_to_the_dead_letters() {
    let stage = stage().await;
    let mut record = booking(user(), 3, BookingStatus::Booked);
    let key = format!("vacancy:booking:{}", record.booking_id);
    let version = || async {
        let value = testkit::redis::get(&mut stage.redis.connect(), &key)?;
        value.split_once(':').and_then(|(version, _)| version.parse::<i64>().ok())
    };
    for (sent, kept) in [(3, 3), (5, 5), (4, 5)] {
        record.version = sent;
        publish(&stage, &record).await;
        // A second booking of the same partition, behind the first: once it is there the first was handled.
        let mut mark = booking(record.user_id, 3, BookingStatus::Booked);
        mark.version = 9;
        stage.kafka.write(&stage.topic, &record.booking_id.to_string(), Some(&event(&mark)), &[]).await;
        let there = format!("vacancy:booking:{}", mark.booking_id);
        eventually(SOON, || async { testkit::redis::get(&mut stage.redis.connect(), &there) }).await;
        eventually_equals(SOON, Some(kept), version).await;
    }
    stage.kafka.write_of_a_newer_writer(&stage.topic, "poison").await;
    stage.kafka.write(&stage.topic, "poison", Some(b"not an event"), &[]).await;
    let letters = stage.kafka.wait_for(&stage.kafka.name("booking.events.dlq"), 1, SOON).await;
    assert_eq!(letters[0].payload.as_deref(), Some(&b"not an event"[..]));
    stage.stop().await;
}

async fn publish(stage: &Stage, record: &BookingRecord) {
    stage.kafka.write(&stage.topic, &record.booking_id.to_string(), Some(&event(record)), &[]).await;
}

fn event(record: &BookingRecord) -> Vec<u8> {
    let data = BookingEvent { booking: record.clone(), from: None, actor: None, refund: None, invoice: None };
    let (kind, subject) = (BookingHappening::Booked.kind(), record.booking_id.to_string());
    let occurrence = Occurrence { kind, subject, time: record.updated_at };
    let id = EventId::from_uuid(unique_uuid());
    let event = CloudEvent::new(id, "/vacancy/booking-service", occurrence, data);
    serde_json::to_vec(&event).unwrap()
}
