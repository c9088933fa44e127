use std::time::Duration;

use ::domain::{HotelId, RoomId};
use hotel_service::seed::{Added, SeedError, SeedHotel, SeedRoom, Seeder};
use serde_json::json;
use testkit::unique_uuid;

use crate::stage::{Stage, room_body, with};

fn seeds(stage: &Stage, count: u32) -> Vec<SeedHotel> {
    (0..count)
        .map(|number| SeedHotel {
            hotel_id: HotelId::from_uuid(unique_uuid()),
            owner_id: stage.manager_id,
            body: serde_json::from_value(with(stage.hotel_body(), "/name", json!(format!("Hotel {number}"))))
                .unwrap(),
            rooms: (0..2)
                .map(|_| SeedRoom {
                    room_id: RoomId::from_uuid(unique_uuid()),
                    body: serde_json::from_value(room_body()).unwrap(),
                })
                .collect(),
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sample_data_is_added_once_and_published() {
    let stage = Stage::new().await;
    let seeder = Seeder::new(stage.database.pool.clone(), "eu", 1 << 19).topic(&stage.topic);
    let hotels = seeds(&stage, 60);
    assert_eq!(seeder.hotels(&hotels[..10]).await.unwrap(), Added { hotels: 10, rooms: 20 });
    assert_eq!(seeder.hotels(&hotels).await.unwrap(), Added { hotels: 50, rooms: 100 });
    let before = stage.rows().await;
    assert_eq!(seeder.hotels(&hotels).await.unwrap(), Added::default());
    assert_eq!(stage.rows().await, before);
    let read = stage.manager.get(&format!("/v1/hotels/{}/rooms", hotels[0].hotel_id)).await.expect(200);
    assert_eq!(read["items"].as_array().unwrap().len(), 2);
    stage.kafka.wait_for(&stage.topic, 180, Duration::from_mins(1)).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_manager_could_not_send_is_not_seeded_either() {
    let stage = Stage::new().await;
    let mut hotels = seeds(&stage, 1);
    hotels[0].rooms[0].body.quantity = -1;
    let refused = Seeder::new(stage.database.pool.clone(), "eu", 1 << 19).hotels(&hotels).await;
    assert!(matches!(refused, Err(SeedError::Refused { .. })), "{refused:?}");
    assert_eq!(stage.rows().await.first(), Some(&0));
    stage.end().await;
}
