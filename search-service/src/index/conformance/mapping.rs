//! What Elasticsearch refuses, and how a mapping is brought up to date.

use std::{sync::Arc, time::Duration};

use domain::hotel::RoomChanged;
use events::consumer::{Handler as _, Verdict};
use serde_json::{Value, json};

use super::{Lease, settings};
use crate::{
    consumers::{hotel_events::HotelEvents, tests},
    domain::samples,
    index::{
        Index, IndexError, Stamped, Stored,
        elastic::{ElasticIndex, Wire, indices::Indices},
    },
};

fn mapping() -> Value {
    migrations::search_mapping(1, 0).unwrap()
}

/// Our mapping as an earlier program had it: changed by `change`, its version one less.
fn older(change: impl FnOnce(&mut Value)) -> Value {
    let mut body = mapping();
    change(&mut body["mappings"]["properties"]);
    let version = body["mappings"]["_meta"]["version"].as_u64().unwrap();
    body["mappings"]["_meta"]["version"] = json!(version - 1);
    body
}

/// An index with an older mapping behind its alias, and the indices as this program sees them.
async fn behind(body: Value) -> (Lease, Indices) {
    let lease = Lease::with(body).await;
    let indices = Indices::new(Arc::new(Wire::new(&settings()).unwrap()), lease.alias.clone(), mapping());
    (lease, indices)
}

async fn store(lease: &Lease) -> Result<Vec<Stored>, IndexError> {
    let room = samples::room_in(&samples::hotel("Paradiso", "Rome", "IT"));
    lease.index.store_rooms(&[Stamped { document: room, stamp: None }]).await
}

#[tokio::test]
async fn a_field_that_an_index_lacks_lets_events_wait_until_migrate_adds_it() {
    let lacks = older(|fields| _ = fields.as_object_mut().unwrap().remove("time_zone"));
    let (lease, indices) = behind(lacks).await;
    assert!(indices.is_outdated().await.unwrap());
    assert!(matches!(store(&lease).await, Ok(all) if all.is_empty()) || store(&lease).await.is_err());
    let handler = HotelEvents::new(tests::merger(lease.index.clone()));
    let (key, payload) = tests::room_event(&samples::room(&samples::hotel("P", "Rome", "IT"), "Double"));
    let verdict = tests::verdict_of(&handler, tests::record(&key, Some(payload))).await;
    assert!(matches!(verdict, Verdict::Retry(_)), "{verdict:?}");
    assert_eq!(indices.ensure().await.unwrap(), Vec::<String>::new());
    assert!(!indices.is_outdated().await.unwrap());
    assert_eq!(store(&lease).await.unwrap(), [Stored::Written]);
    lease.release().await;
}

#[tokio::test]
async fn a_field_that_means_something_else_is_named_and_needs_a_rebuild() {
    let (lease, indices) = behind(older(|fields| fields["stars"] = json!({ "type": "keyword" }))).await;
    assert_eq!(indices.ensure().await.unwrap(), ["stars"]);
    assert!(indices.is_outdated().await.unwrap());
    lease.release().await;
}

#[tokio::test]
async fn a_mapping_that_is_ours_is_left_alone() {
    let lease = Lease::new().await;
    assert_eq!(lease.indices.ensure().await.unwrap(), Vec::<String>::new());
    assert!(!lease.indices.is_outdated().await.unwrap());
    lease.release().await;
}

#[tokio::test]
async fn a_document_that_elasticsearch_never_takes_goes_to_the_dead_letters_alone() {
    let lease = Lease::new().await;
    let hotel = samples::hotel("Paradiso", "Rome", "IT");
    // More units than the index's integer holds.
    let odd = RoomChanged { quantity: 3_000_000_000, ..samples::room(&hotel, "Odd") };
    let handler = HotelEvents::new(tests::merger(lease.index.clone()));
    for (room, is_refused) in [(odd, true), (samples::room(&hotel, "Double"), false)] {
        let (key, payload) = tests::room_event(&room);
        let verdict = tests::verdict_of(&handler, tests::record(&key, Some(payload))).await;
        assert_eq!(matches!(verdict, Verdict::Reject(_)), is_refused, "{verdict:?}");
        assert_eq!(matches!(verdict, Verdict::Done), !is_refused, "{verdict:?}");
    }
    lease.release().await;
}

#[tokio::test]
async fn of_a_rooms_events_that_come_together_the_one_that_elasticsearch_never_takes_is_refused_alone() {
    let lease = Lease::new().await;
    let room = samples::room(&samples::hotel("Paradiso", "Rome", "IT"), "Double");
    let odd = RoomChanged { quantity: 3_000_000_000, version: 2, ..room.clone() };
    let other = samples::room(&samples::hotel("Other", "Rome", "IT"), "Double");
    let records = [&room, &odd, &other].map(|room| {
        let (key, payload) = tests::room_event(room);
        tests::record(&key, Some(payload))
    });
    let verdicts = HotelEvents::new(tests::merger(lease.index.clone())).handle(&records).await;
    assert!(
        matches!(verdicts.as_slice(), [Verdict::Done, Verdict::Reject(_), Verdict::Done]),
        "{verdicts:?}"
    );
    let stored = lease.index.load_rooms(&[room.room_id]).await.unwrap().remove(0).document;
    assert_eq!(stored.room, Some(room));
    lease.release().await;
}

#[tokio::test]
async fn an_index_that_was_deleted_is_not_made_again_by_a_write() {
    let lease = Lease::new().await;
    let named = lease.indices.named().await.unwrap();
    for index in &named {
        lease.indices.delete(index).await.unwrap();
    }
    assert!(matches!(store(&lease).await, Err(IndexError::Unavailable(_))));
    let hotel = lease.index.load_hotel(samples::hotel("P", "Rome", "IT").hotel_id).await;
    assert!(hotel.is_err());
    assert_eq!(lease.indices.named().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn only_one_rebuild_holds_the_lock_and_a_killed_one_loses_it() {
    let lease = Lease::new().await;
    let (lock, long) = (lease.indices.lock(), Duration::from_mins(1));
    let now = samples::now();
    assert!(lock.hold("one", now, long).await.unwrap());
    assert!(!lock.hold("other", now, long).await.unwrap());
    assert!(lock.hold("one", now, long).await.unwrap());
    let later = now.plus(chrono::TimeDelta::seconds(61));
    assert!(lock.hold("other", later, long).await.unwrap());
    assert!(!lock.hold("one", later, long).await.unwrap());
    lock.release("one").await.unwrap();
    assert!(!lock.hold("one", later, long).await.unwrap());
    lock.release("other").await.unwrap();
    assert!(lock.hold("one", later, long).await.unwrap());
    lease.release().await;
}

#[tokio::test]
async fn a_lock_that_cannot_be_read_is_nobodys() {
    let lease = Lease::new().await;
    let (lock, long) = (lease.indices.lock(), Duration::from_mins(1));
    assert!(lock.hold("one", samples::now(), long).await.unwrap());
    let url = format!("{}/{}.lock/_doc/rebuild", settings().urls, lease.alias);
    let odd =
        reqwest::Client::new().put(url).json(&json!({ "holder": "one", "until": 4_102_444_800_000_u64 }));
    assert!(odd.send().await.unwrap().status().is_success());
    lock.release("one").await.unwrap();
    assert!(lock.hold("other", samples::now(), long).await.unwrap());
    lease.release().await;
}

#[tokio::test]
async fn indices_of_killed_rebuilds_are_found_and_those_of_another_alias_are_not() {
    let lease = Lease::new().await;
    let wire = Arc::new(Wire::new(&settings()).unwrap());
    let left = lease.indices.create_next("left").await.unwrap();
    let other = Indices::new(wire.clone(), format!("{}-eu", lease.alias), mapping());
    other.ensure().await.unwrap();
    assert_eq!(lease.indices.orphans().await.unwrap(), std::slice::from_ref(&left));
    let index = ElasticIndex::by_alias(wire, lease.indices.rebuilding());
    index.refresh().await.unwrap();
    lease.indices.end_rebuilding().await.unwrap();
    assert!(index.refresh().await.is_err());
    for name in other.named().await.unwrap().iter().chain([&left]) {
        lease.indices.delete(name).await.unwrap();
    }
    lease.release().await;
}
