use std::{collections::BTreeMap, time::Duration};

use ::domain::{
    event::{CloudEvent, kind},
    hotel::{HotelChanged, RoomChanged},
};
use serde_json::json;

use crate::stage::Stage;

const DEADLINE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_one_event_with_the_whole_thing_in_order_per_key() {
    let stage = Stage::new().await;
    let (hotel, _) = stage.hotel().await;
    let (room, _) = stage.room(&hotel).await;
    for version in 1..=5 {
        let patch = json!({"name": format!("Hotel {version}")});
        stage.manager.patch(&hotel, &format!("\"{version}\""), &patch).await.expect(200);
        let patch = json!({"quantity": version});
        stage.manager.patch(&room, &format!("\"{version}\""), &patch).await.expect(200);
    }
    let records = stage.kafka.wait_for(&stage.topic, 12, DEADLINE).await;
    assert_eq!(records.len(), 12);
    let mut versions: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for record in &records {
        versions
            .entry(record.key.as_str())
            .or_default()
            .push(record.json()["data"]["version"].as_i64().unwrap());
    }
    assert_eq!(versions.into_values().collect::<Vec<_>>(), [vec![1, 2, 3, 4, 5, 6], vec![1, 2, 3, 4, 5, 6]]);
    let partitions: Vec<i32> = records.iter().map(|record| record.partition).collect();
    assert!(
        partitions.iter().all(|partition| *partition == partitions[0]),
        "a hotel's events share a partition"
    );
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_say_what_the_api_says() {
    let stage = Stage::new().await;
    let (hotel_path, hotel) = stage.hotel().await;
    let (_, room) = stage.room(&hotel_path).await;
    let records = stage.kafka.wait_for(&stage.topic, 2, DEADLINE).await;
    let of = |prefix: &str| records.iter().find(|record| record.key.starts_with(prefix)).unwrap();
    let told: CloudEvent<HotelChanged> =
        serde_json::from_slice(of("hotel/").payload.as_deref().unwrap()).unwrap();
    assert_eq!((told.kind.as_str(), told.source.as_str()), (kind::HOTEL_CHANGED, "/vacancy/hotel-service"));
    assert_eq!(told.subject, of("hotel/").key);
    assert_eq!(told.data.locality.names, ["rome", "roma", "rim"]);
    let told = serde_json::to_value(&told.data).unwrap();
    for field in [
        "hotel_id",
        "owner_id",
        "name",
        "facilities",
        "address",
        "contact",
        "latitude",
        "check_in_time",
        "version",
    ] {
        assert_eq!(told[field], hotel[field], "{field}");
    }
    let told: CloudEvent<RoomChanged> =
        serde_json::from_slice(of("room/").payload.as_deref().unwrap()).unwrap();
    assert_eq!(told.kind, kind::ROOM_CHANGED);
    let told = serde_json::to_value(&told.data).unwrap();
    for field in
        ["room_id", "hotel_id", "quantity", "occupancy", "price_min", "price_max", "facilities", "version"]
    {
        assert_eq!(told[field], room[field], "{field}");
    }
    stage.end().await;
}
