use testkit::FakeClock;

use super::*;
use crate::{
    domain::{
        criteria::{Condition, Criteria},
        samples,
    },
    index::memory::MemoryIndex,
};

fn merger() -> (Merger, Arc<MemoryIndex>) {
    let index = Arc::new(MemoryIndex::default());
    (Merger::new(index.clone(), Arc::new(FakeClock::at("2026-11-21T19:00:00Z"))), index)
}

async fn visible(index: &MemoryIndex) -> u64 {
    let visible = Criteria { conditions: vec![Condition::Visible], ..Criteria::default() };
    index.count(&[visible]).await.unwrap()[0]
}

fn night(room: &RoomChanged, available: u32, version: i64) -> AvailabilityChanged {
    AvailabilityChanged {
        hotel_id: room.hotel_id,
        room_id: room.room_id,
        date: NaiveDate::from_ymd_opt(2026, 12, 24).unwrap(),
        initial_quantity: 3,
        available_quantity: available,
        version,
    }
}

#[tokio::test]
async fn parts_in_any_order_end_in_the_same_document() {
    let hotel = samples::hotel("Paradiso", "Rome", "IT");
    let room = samples::room(&hotel, "Double");
    let mut ends = Vec::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (merger, index) = merger();
        for part in order {
            match part {
                0 => merger.hotel_changed(&hotel).await.unwrap(),
                1 => merger.room_changed(&room).await.unwrap(),
                _ => merger.night_changed(&night(&room, 0, 1)).await.unwrap(),
            }
        }
        assert_eq!(visible(&index).await, 1, "{order:?}");
        ends.push(index.load_rooms(&[room.room_id]).await.unwrap().remove(0).document);
    }
    assert!(ends.iter().all(|end| *end == ends[0]));
}

/// A clock that merges a hotel when it is read: between a room's look at its hotel and its own write.
struct HotelMeanwhile {
    merger: Merger,
    hotel: HotelChanged,
}

#[async_trait::async_trait]
impl Clock for HotelMeanwhile {
    async fn now(&self) -> Result<Instant, ClockUnavailable> {
        self.merger.hotel_changed(&self.hotel).await.unwrap();
        Ok("2026-11-21T19:00:00Z".parse().unwrap())
    }
}

#[tokio::test]
async fn a_hotel_that_changes_while_its_first_room_is_written_reaches_the_room() {
    let (merger, index) = merger();
    let hotel = samples::hotel("Paradiso", "Rome", "IT");
    let clock = HotelMeanwhile { merger, hotel: hotel.clone() };
    let meanwhile = Merger::new(index.clone(), Arc::new(clock));
    meanwhile.room_changed(&samples::room(&hotel, "Double")).await.unwrap();
    assert_eq!(visible(&index).await, 1);
}

#[tokio::test]
async fn a_changed_hotel_reaches_all_its_rooms() {
    let (merger, index) = merger();
    let hotel = samples::hotel("Paradiso", "Rome", "IT");
    let rooms: Vec<_> = (0..250).map(|number| samples::room(&hotel, &number.to_string())).collect();
    for room in &rooms {
        merger.room_changed(room).await.unwrap();
    }
    assert_eq!(visible(&index).await, 0);
    merger.hotel_changed(&hotel).await.unwrap();
    assert_eq!(visible(&index).await, 250);
    merger.hotel_changed(&HotelChanged { version: 2, is_active: false, ..hotel.clone() }).await.unwrap();
    merger.hotel_changed(&hotel).await.unwrap();
    assert_eq!(visible(&index).await, 0);
}

#[tokio::test]
async fn an_event_that_changes_nothing_writes_nothing() {
    let (merger, index) = merger();
    let hotel = samples::hotel("Paradiso", "Rome", "IT");
    let room = samples::room(&hotel, "Double");
    merger.room_changed(&room).await.unwrap();
    merger.night_changed(&night(&room, 1, 5)).await.unwrap();
    let stamp = index.load_rooms(&[room.room_id]).await.unwrap()[0].stamp;
    merger.room_changed(&room).await.unwrap();
    merger.night_changed(&night(&room, 0, 4)).await.unwrap();
    merger.night_changed(&night(&room, 1, 5)).await.unwrap();
    assert_eq!(index.load_rooms(&[room.room_id]).await.unwrap()[0].stamp, stamp);
}

#[tokio::test]
async fn concurrent_writers_lose_no_part() {
    let (merger, index) = merger();
    let hotel = samples::hotel("Paradiso", "Rome", "IT");
    let room = samples::room(&hotel, "Double");
    let (a, b, c) = (night(&room, 0, 1), night(&room, 2, 3), night(&room, 1, 2));
    let done = futures::join!(
        merger.hotel_changed(&hotel),
        merger.room_changed(&room),
        merger.night_changed(&a),
        merger.night_changed(&b),
        merger.night_changed(&c),
    );
    assert!(done.0.is_ok() && done.1.is_ok() && done.2.is_ok() && done.3.is_ok() && done.4.is_ok());
    let end = index.load_rooms(&[room.room_id]).await.unwrap().remove(0).document;
    assert!(end.room.is_some());
    assert_eq!(end.nights.values().map(|night| night.available).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn a_tombstone_of_an_unknown_room_makes_no_document() {
    let (merger, index) = merger();
    let hotel = samples::hotel("Paradiso", "Rome", "IT");
    let room = samples::room(&hotel, "Double");
    merger.night_ended(room.room_id, night(&room, 0, 1).date).await.unwrap();
    assert!(index.load_rooms(&[room.room_id]).await.unwrap().is_empty());
}
