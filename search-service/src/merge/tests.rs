use std::sync::Arc;

use domain::{
    Instant,
    event::HotelEvent,
    hotel::{HotelChanged, RoomChanged},
};
use platform::clock::{Clock, ClockUnavailable};
use testkit::FakeClock;

use super::*;
use crate::{
    domain::{
        criteria::{Condition, Criteria},
        samples,
    },
    index::{Index as _, memory::MemoryIndex},
};

impl Merger {
    async fn hotel_changed(&self, hotel: &HotelChanged) -> Result<Vec<Merged>, MergeError> {
        self.hotels_and_rooms(&[&HotelEvent::Hotel(Box::new(hotel.clone()))]).await
    }

    async fn room_changed(&self, room: &RoomChanged) -> Result<Vec<Merged>, MergeError> {
        self.hotels_and_rooms(&[&HotelEvent::Room(Box::new(room.clone()))]).await
    }

    async fn night_changed(&self, night: &AvailabilityChanged) -> Result<Vec<Merged>, MergeError> {
        self.nights(&[&NightEvent::Changed(night.clone())]).await
    }
}

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
            let merged = match part {
                0 => merger.hotel_changed(&hotel).await,
                1 => merger.room_changed(&room).await,
                _ => merger.night_changed(&night(&room, 0, 1)).await,
            };
            assert_eq!(merged.unwrap(), [Merged::Done], "{order:?}");
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
    let ended = NightEvent::Ended(room.room_id, night(&room, 0, 1).date);
    assert_eq!(merger.nights(&[&ended]).await.unwrap(), [Merged::Done]);
    assert!(index.load_rooms(&[room.room_id]).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_comes_together_for_a_room_is_one_write_and_ends_as_one_by_one() {
    let (hotel, other) = (samples::hotel("Paradiso", "Rome", "IT"), samples::hotel("Other", "Rome", "IT"));
    let (room, elsewhere) = (samples::room(&hotel, "Double"), samples::room(&other, "Double"));
    let told = [night(&room, 3, 1), night(&elsewhere, 1, 1), night(&room, 1, 3), night(&room, 2, 2)];
    let mut events: Vec<_> = told.into_iter().map(NightEvent::Changed).collect();
    events.push(NightEvent::Ended(elsewhere.room_id, night(&room, 0, 1).date));
    let (together, index) = merger();
    let merged = together.nights(&events.iter().collect::<Vec<_>>()).await.unwrap();
    assert_eq!(merged, vec![Merged::Done; events.len()]);
    let (one_by_one, other_index) = merger();
    for event in &events {
        one_by_one.nights(&[event]).await.unwrap();
    }
    let ids = [room.room_id, elsewhere.room_id];
    let (ends, others) = (index.load_rooms(&ids).await.unwrap(), other_index.load_rooms(&ids).await.unwrap());
    assert!(ends.iter().zip(&others).all(|(end, other)| end.document == other.document));
    assert_eq!(ends[0].document.nights.values().map(|night| night.available).collect::<Vec<_>>(), [1]);
    assert_eq!(ends.iter().map(|end| end.stamp.unwrap().seq_no).max(), Some(2), "each room is written once");
}

#[tokio::test]
async fn hotels_and_their_rooms_that_come_together_are_shown_in_any_order() {
    let hotel = samples::hotel("Paradiso", "Rome", "IT");
    let renamed = HotelChanged { version: 2, name: "Inferno".to_owned(), ..hotel.clone() };
    let (double, single) = (samples::room(&hotel, "Double"), samples::room(&hotel, "Single"));
    let hotels = [hotel, renamed.clone()].map(|hotel| HotelEvent::Hotel(Box::new(hotel)));
    let rooms = [double.clone(), single].map(|room| HotelEvent::Room(Box::new(room)));
    let ([old, new], [double_event, single_event]) = (&hotels, &rooms);
    for order in [[double_event, new, single_event, old], [old, double_event, new, single_event]] {
        let (merger, index) = merger();
        assert_eq!(merger.hotels_and_rooms(&order).await.unwrap(), vec![Merged::Done; 4]);
        assert_eq!(visible(&index).await, 2);
        let stored = index.load_rooms(&[double.room_id]).await.unwrap().remove(0).document;
        assert_eq!(stored.hotel.unwrap().name, renamed.name);
    }
}
