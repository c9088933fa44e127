use std::{collections::BTreeMap, sync::Arc};

use domain::{
    event::{AvailabilityChanged, hotel_key, kind, night_key, room_key},
    hotel::RoomChanged,
};
use events::consumer::{Handler, Record, Verdict};
use serde_json::{Value, json};
use testkit::FakeClock;

use super::{availability_events::AvailabilityEvents, hotel_events::HotelEvents};
use crate::{
    domain::samples,
    index::{
        Index,
        elastic::{ElasticIndex, ElasticSettings, Wire},
        memory::MemoryIndex,
    },
    merge::Merger,
};

pub(crate) fn merger(index: Arc<dyn Index>) -> Merger {
    Merger::new(index, Arc::new(FakeClock::at("2026-11-21T19:00:00Z")))
}

pub(crate) fn record(key: &str, payload: Option<Vec<u8>>) -> Record {
    let headers = BTreeMap::new();
    Record { topic: "t".to_owned(), partition: 0, offset: 0, key: key.to_owned(), payload, headers }
}

pub(crate) async fn verdict_of(handler: &dyn Handler, record: Record) -> Verdict {
    handler.handle(&[record]).await.remove(0)
}

fn event(kind: &str, data: &Value) -> Vec<u8> {
    let envelope = json!({
        "specversion": "1.0", "id": samples::named("event"), "source": "/vacancy/test", "type": kind,
        "subject": "s", "time": "2026-11-21T19:23:00.000000Z", "data": data,
    });
    envelope.to_string().into_bytes()
}

pub(crate) fn room_event(room: &RoomChanged) -> (String, Vec<u8>) {
    (room_key(room.room_id), event(kind::ROOM_CHANGED, &serde_json::to_value(room).unwrap()))
}

fn hotel_event() -> (String, Vec<u8>) {
    let hotel = samples::hotel("Paradiso", "Rome", "IT");
    let data = serde_json::to_value(&hotel).unwrap();
    (hotel_key(hotel.hotel_id), event(kind::HOTEL_CHANGED, &data))
}

fn night_event(date: &str, version: i64) -> (String, Vec<u8>, AvailabilityChanged) {
    let room = samples::room(&samples::hotel("Paradiso", "Rome", "IT"), "Double");
    let night = AvailabilityChanged {
        hotel_id: room.hotel_id,
        room_id: room.room_id,
        date: date.parse().unwrap(),
        initial_quantity: 3,
        available_quantity: 0,
        version,
    };
    let data = serde_json::to_value(&night).unwrap();
    (night_key(night.room_id, night.date), event(kind::AVAILABILITY_CHANGED, &data), night)
}

#[tokio::test]
async fn an_index_that_does_not_answer_makes_the_record_come_again() {
    let settings = ElasticSettings {
        urls: "http://127.0.0.1:9".to_owned(),
        username: String::new(),
        password: "".into(),
        timeout_ms: 1_000,
    };
    let index = Arc::new(ElasticIndex::by_alias(Arc::new(Wire::new(&settings).unwrap()), "nothing"));
    let (key, payload) = hotel_event();
    let verdict = verdict_of(&HotelEvents::new(merger(index.clone())), record(&key, Some(payload))).await;
    assert!(matches!(verdict, Verdict::Retry(_)), "{verdict:?}");
    let (key, payload, _) = night_event("2026-12-24", 1);
    let verdict = verdict_of(&AvailabilityEvents::new(merger(index)), record(&key, Some(payload))).await;
    assert!(matches!(verdict, Verdict::Retry(_)), "{verdict:?}");
}

#[tokio::test]
async fn what_is_not_an_event_of_ours_is_refused_for_good() {
    let hotels = HotelEvents::new(merger(Arc::new(MemoryIndex::default())));
    let nights = AvailabilityEvents::new(merger(Arc::new(MemoryIndex::default())));
    let (key, payload) = hotel_event();
    let (night_key, night, _) = night_event("2026-12-24", 1);
    for (key, payload) in
        [(key.as_str(), Some(b"{}".to_vec())), ("hotel/other", Some(payload.clone())), (&key, None)]
    {
        let verdict = verdict_of(&hotels, record(key, payload)).await;
        assert!(matches!(verdict, Verdict::Reject(_)), "{verdict:?}");
    }
    for (key, payload) in [
        (night_key.as_str(), Some(b"{}".to_vec())),
        ("no night", Some(night)),
        ("no night", None),
        (&key, None),
    ] {
        let verdict = verdict_of(&nights, record(key, payload)).await;
        assert!(matches!(verdict, Verdict::Reject(_)), "{verdict:?}");
    }
}

#[tokio::test]
async fn a_newer_writers_event_is_passed_by_whatever_its_key() {
    let hotels = HotelEvents::new(merger(Arc::new(MemoryIndex::default())));
    let nights = AvailabilityEvents::new(merger(Arc::new(MemoryIndex::default())));
    let newer = || Some(event("vacancy.rates.changed.v1", &json!({ "rate": 1 })));
    for verdict in [
        verdict_of(&hotels, record("rates/1", newer())).await,
        verdict_of(&nights, record("rates/1", newer())).await,
    ] {
        assert!(matches!(verdict, Verdict::Done), "{verdict:?}");
    }
}

#[tokio::test]
async fn a_tombstone_removes_the_night_and_a_past_night_is_not_kept() {
    let index = Arc::new(MemoryIndex::default());
    let nights = AvailabilityEvents::new(merger(index.clone()));
    let (key, payload, night) = night_event("2026-12-24", 1);
    assert!(matches!(verdict_of(&nights, record(&key, Some(payload))).await, Verdict::Done));
    let (past, payload, _) = night_event("2026-11-01", 1);
    assert!(matches!(verdict_of(&nights, record(&past, Some(payload))).await, Verdict::Done));
    let stored = index.load_rooms(&[night.room_id]).await.unwrap().remove(0).document;
    assert_eq!(stored.nights.into_keys().collect::<Vec<_>>(), [night.date]);
    assert!(matches!(verdict_of(&nights, record(&key, None)).await, Verdict::Done));
    assert!(index.load_rooms(&[night.room_id]).await.unwrap()[0].document.nights.is_empty());
}
