use std::slice;

use chrono::NaiveDate;
use domain::hotel::RoomChanged;

use super::{Lease, put};
use crate::{
    api::parameters::{Include, SearchParameters},
    domain::{
        document::Night,
        no_results::{NoResultsReason, no_results_reason},
        page::Window,
        query::{Search, Step},
        ranking::Sort,
        samples::{self, euros, now},
    },
    index::{Index, Query, Stored, memory::MemoryIndex},
};

/// Runs one promise on both indices.
macro_rules! promises {
    ($($name:ident)*) => {
        mod memory { $(#[tokio::test] async fn $name() { super::$name(&super::MemoryIndex::default()).await; })* }
        mod elastic { $(#[tokio::test] async fn $name() {
            let lease = super::Lease::new().await;
            super::$name(&*lease.index).await;
            lease.release().await;
        })* }
    };
}

promises! {
    a_load_sees_a_write_at_once
    a_write_over_somebody_elses_is_a_conflict
    a_hotel_is_found_by_misspelt_words_of_all_its_fields
    an_exact_match_stands_before_a_misspelt_one
    a_hotel_shows_its_cheapest_fitting_room_once
    a_sold_out_night_hides_the_room_and_its_return_shows_it
    the_available_quantity_is_the_fewest_over_the_stay
    the_steps_tell_why_nothing_was_found
    facets_count_hotels_not_rooms
    the_rooms_of_a_hotel_come_cheapest_first
    every_room_of_a_hotel_is_listed_by_id
    pages_follow_each_other_without_gap
}

fn search(change: impl FnOnce(&mut SearchParameters)) -> Search {
    let mut raw = SearchParameters::default();
    change(&mut raw);
    raw.parse(now()).unwrap()
}

fn text(q: &str) -> Search {
    search(|raw| raw.q = Some(q.to_owned()))
}

fn query(search: &Search) -> Query {
    Query {
        criteria: search.criteria(Step::Nights),
        sort: search.sort,
        window: Window::new(0, 20),
        nights: search.stay.iter().flat_map(|stay| stay.nights()).collect(),
        facets: search.facets.then_some(search.currency),
    }
}

async fn names(index: &dyn Index, search: &Search) -> Vec<String> {
    let hits = index.search(&query(search)).await.unwrap();
    hits.hits
        .into_iter()
        .map(|hit| format!("{} {}", hit.room.card.hotel_name, hit.room.card.room_name))
        .collect()
}

fn night(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 12, day).unwrap()
}

async fn change(
    index: &dyn Index,
    room: &RoomChanged,
    change: impl FnOnce(&mut crate::domain::document::RoomDocument),
) {
    let mut stored = index.load_rooms(&[room.room_id]).await.unwrap().remove(0);
    change(&mut stored.document);
    assert_eq!(index.store_rooms(&[stored]).await.unwrap(), [Stored::Written]);
    index.refresh().await.unwrap();
}

async fn a_load_sees_a_write_at_once(index: &dyn Index) {
    let hotel = samples::hotel("Paradiso", "Rome", "IT");
    let mut room = samples::room_in(&hotel);
    room.hear_night(night(24), Night { available: 1, version: 7 });
    put(index, room.clone()).await;
    let loaded = index.load_rooms(&[room.room_id, uuid::Uuid::nil().into()]).await.unwrap();
    assert_eq!(loaded.len(), 1);
    assert_eq!(loaded[0].document, room);

    let mut fresh = index.load_hotel(hotel.hotel_id).await.unwrap();
    assert_eq!(fresh.stamp, None);
    fresh.document.hear(&hotel);
    assert_eq!(index.store_hotels(slice::from_ref(&fresh)).await.unwrap(), [Stored::Written]);
    let loaded = index.load_hotel(hotel.hotel_id).await.unwrap();
    assert_eq!(loaded.document, fresh.document);
    assert!(loaded.stamp.is_some());
}

async fn a_write_over_somebody_elses_is_a_conflict(index: &dyn Index) {
    let hotel = samples::hotel("Paradiso", "Rome", "IT");
    let room = samples::room_in(&hotel);
    put(index, room.clone()).await;
    let created_twice = super::super::Stamped { document: room.clone(), stamp: None };
    assert_eq!(index.store_rooms(&[created_twice]).await.unwrap(), [Stored::Conflict]);

    let read = index.load_rooms(&[room.room_id]).await.unwrap();
    assert_eq!(index.store_rooms(&read).await.unwrap(), [Stored::Written]);
    assert_eq!(index.store_rooms(&read).await.unwrap(), [Stored::Conflict]);

    let hotel = index.load_hotel(hotel.hotel_id).await.unwrap();
    assert_eq!(index.store_hotels(slice::from_ref(&hotel)).await.unwrap(), [Stored::Written]);
    assert_eq!(index.store_hotels(slice::from_ref(&hotel)).await.unwrap(), [Stored::Conflict]);
}

async fn a_hotel_is_found_by_misspelt_words_of_all_its_fields(index: &dyn Index) {
    let mut hotel = samples::hotel("Hôtel Paradiso", "Malé", "MV");
    hotel.locality.names.push("dong jing".to_owned());
    hotel.facilities = samples::codes(&["sea_view"]);
    put(index, samples::room_in(&hotel)).await;
    index.refresh().await.unwrap();
    for (q, found) in [
        ("maldvies", true),
        ("PARADIOS", true),
        ("hotel paradiso male maldives sea", true),
        ("mlae", true),
        ("東京", true),
        ("sea veiw malé", true),
        ("paradxxxo", false),
        ("paradiso rome", false),
        ("se", false),
    ] {
        assert_eq!(names(index, &text(q)).await.len(), usize::from(found), "{q}");
    }
}

async fn an_exact_match_stands_before_a_misspelt_one(index: &dyn Index) {
    let mut grand = samples::hotel("Grand", "Nome", "US");
    grand.star_rating = Some(5);
    put(index, samples::room_in(&grand)).await;
    put(index, samples::room_in(&samples::hotel("Alba", "Rome", "IT"))).await;
    put(index, samples::room_in(&samples::hotel("Rome Plaza", "Paris", "FR"))).await;
    index.refresh().await.unwrap();
    let order = ["Alba Double", "Rome Plaza Double", "Grand Double"];
    assert_eq!(names(index, &text("rome")).await, order);
}

async fn a_hotel_shows_its_cheapest_fitting_room_once(index: &dyn Index) {
    let hotel = samples::hotel("Paradiso", "Rome", "IT");
    for (name, occupancy, price) in [("Single", 1, 5_000), ("Double", 2, 9_000), ("Suite", 4, 30_000)] {
        let (price_min, price_max) = (euros(price), euros(price));
        let room = RoomChanged { occupancy, price_min, price_max, ..samples::room(&hotel, name) };
        put(index, samples::document(&hotel, &room)).await;
    }
    index.refresh().await.unwrap();
    assert_eq!(names(index, &text("rome")).await, ["Paradiso Double"]);
    let family = search(|raw| (raw.q, raw.adults) = (Some("rome".to_owned()), Some(4)));
    assert_eq!(names(index, &family).await, ["Paradiso Suite"]);
    let dearest = search(|raw| {
        raw.q = Some("rome".to_owned());
        raw.currency = domain::Currency::parse("EUR").ok();
        raw.sort = Some(Sort::PriceDescending);
    });
    assert_eq!(names(index, &dearest).await, ["Paradiso Suite"]);
    assert_eq!(index.search(&query(&dearest)).await.unwrap().total, 1);
}

fn stay(q: &str, rooms: u8) -> Search {
    search(|raw| {
        raw.q = Some(q.to_owned());
        raw.rooms = Some(rooms);
        (raw.start_date, raw.end_date) = (Some(night(23)), Some(night(26)));
    })
}

async fn a_sold_out_night_hides_the_room_and_its_return_shows_it(index: &dyn Index) {
    let hotel = samples::hotel("Paradiso", "Rome", "IT");
    let room = samples::room(&hotel, "Double");
    put(index, samples::document(&hotel, &room)).await;
    index.refresh().await.unwrap();
    assert_eq!(names(index, &stay("rome", 1)).await.len(), 1);
    change(index, &room, |room| assert!(room.hear_night(night(24), Night { available: 0, version: 1 })))
        .await;
    assert!(names(index, &stay("rome", 1)).await.is_empty());
    assert_eq!(names(index, &text("rome")).await.len(), 1);
    change(index, &room, |room| assert!(room.hear_night(night(24), Night { available: 1, version: 2 })))
        .await;
    assert_eq!(names(index, &stay("rome", 1)).await.len(), 1);
    assert!(names(index, &stay("rome", 2)).await.is_empty());
}

async fn the_available_quantity_is_the_fewest_over_the_stay(index: &dyn Index) {
    let hotel = samples::hotel("Paradiso", "Rome", "IT");
    let room = RoomChanged { quantity: 40, ..samples::room(&hotel, "Double") };
    put(index, samples::document(&hotel, &room)).await;
    index.refresh().await.unwrap();
    for (day, available, shown) in [(26, 0, 9), (24, 12, 9), (25, 4, 4), (23, 2, 2)] {
        change(index, &room, |room| assert!(room.hear_night(night(day), Night { available, version: 1 })))
            .await;
        let hits = index.search(&query(&stay("rome", 1))).await.unwrap();
        assert_eq!(hits.hits[0].room.available(), shown, "night {day}");
    }
}

async fn the_steps_tell_why_nothing_was_found(index: &dyn Index) {
    let hotel = samples::hotel("Paradiso", "Rome", "IT");
    let mut document = samples::room_in(&hotel);
    document.hear_night(night(24), Night { available: 0, version: 1 });
    put(index, document).await;
    index.refresh().await.unwrap();
    let reason = async |search: Search| {
        let steps: Vec<_> = Step::ALL.into_iter().map(|step| search.criteria(step)).collect();
        no_results_reason(&index.count(&steps).await.unwrap())
    };
    assert_eq!(reason(text("rome")).await, None);
    assert_eq!(reason(text("paris")).await, Some(NoResultsReason::NoMatch));
    assert_eq!(reason(stay("rome", 1)).await, Some(NoResultsReason::SoldOut));
    let many = search(|raw| (raw.q, raw.adults) = (Some("rome".to_owned()), Some(3)));
    assert_eq!(reason(many).await, Some(NoResultsReason::Occupancy));
    let cheap = search(|raw| {
        raw.q = Some("rome".to_owned());
        (raw.currency, raw.price_max) = (domain::Currency::parse("EUR").ok(), Some(14_999));
    });
    assert_eq!(reason(cheap).await, Some(NoResultsReason::Price));
}

async fn facets_count_hotels_not_rooms(index: &dyn Index) {
    for (name, stars, tags) in
        [("A", Some(5), &["pool", "spa"][..]), ("B", Some(5), &["pool"]), ("C", None, &[])]
    {
        let mut hotel = samples::hotel(name, "Rome", "IT");
        (hotel.star_rating, hotel.facilities) = (stars, samples::codes(tags));
        put(index, samples::document(&hotel, &samples::room(&hotel, "One"))).await;
        put(index, samples::document(&hotel, &samples::room(&hotel, "Two"))).await;
    }
    index.refresh().await.unwrap();
    let asked = search(|raw| {
        raw.q = Some("rome".to_owned());
        raw.currency = domain::Currency::parse("EUR").ok();
        raw.include = vec![Include::Facets];
    });
    let hits = index.search(&query(&asked)).await.unwrap();
    let facets = hits.facets.unwrap();
    assert_eq!(hits.total, 3);
    assert_eq!(facets.stars.into_iter().collect::<Vec<_>>(), [(5, 2)]);
    let tags: Vec<_> = facets.tags.iter().map(|(tag, count)| (tag.as_str(), *count)).collect();
    assert_eq!(tags, [("pool", 2), ("spa", 1)]);
    let bands: Vec<_> = facets.price_bands.iter().map(|(band, count)| (band.from, band.to, *count)).collect();
    assert_eq!(bands, [(10_000, 20_000, 3)]);
}

async fn the_rooms_of_a_hotel_come_cheapest_first(index: &dyn Index) {
    let hotel = samples::hotel("Paradiso", "Rome", "IT");
    for (name, price, is_active) in [("Suite", 30_000, true), ("Single", 5_000, true), ("Shut", 1_000, false)]
    {
        let (price_min, price_max) = (euros(price), euros(price));
        let room = RoomChanged { price_min, price_max, is_active, ..samples::room(&hotel, name) };
        put(index, samples::document(&hotel, &room)).await;
    }
    put(index, samples::room_in(&samples::hotel("Other", "Rome", "IT"))).await;
    index.refresh().await.unwrap();
    let list = index.rooms_of(hotel.hotel_id, 1).await.unwrap();
    assert_eq!(list.total, 2);
    let names: Vec<_> =
        list.rooms.iter().map(|room| room.room.as_ref().unwrap().display_name.clone()).collect();
    assert_eq!(names, ["Single"]);
}

async fn every_room_of_a_hotel_is_listed_by_id(index: &dyn Index) {
    let hotel = samples::hotel("Paradiso", "Rome", "IT");
    let mut ids = Vec::new();
    for (name, is_active) in [("Suite", true), ("Single", true), ("Shut", false)] {
        let room = RoomChanged { is_active, ..samples::room(&hotel, name) };
        ids.push(room.room_id);
        put(index, samples::document(&hotel, &room)).await;
    }
    ids.sort();
    let ids = ids.into_iter().map(|room| (room, hotel.hotel_id)).collect::<Vec<_>>();
    put(index, samples::room_in(&samples::hotel("Other", "Rome", "IT"))).await;
    let mut own = index.load_hotel(hotel.hotel_id).await.unwrap();
    assert!(own.document.hear(&hotel));
    index.store_hotels(&[own]).await.unwrap();
    index.refresh().await.unwrap();
    assert_eq!(index.room_ids_of(&[hotel.hotel_id], None, 2).await.unwrap(), ids[..2]);
    assert_eq!(index.room_ids_of(&[hotel.hotel_id], Some(ids[1].0), 2).await.unwrap(), ids[2..]);
    assert_eq!(index.room_ids_of(&[hotel.hotel_id], Some(ids[2].0), 2).await.unwrap(), []);
}

async fn pages_follow_each_other_without_gap(index: &dyn Index) {
    for name in ["A", "B", "C", "D", "E"] {
        put(index, samples::room_in(&samples::hotel(name, "Rome", "IT"))).await;
    }
    index.refresh().await.unwrap();
    let whole = index.search(&query(&text("rome"))).await.unwrap();
    assert!(!whole.more && whole.hits.len() == 5);
    let mut paged = Vec::new();
    for offset in [0, 2, 4] {
        let page = Query { window: Window::new(offset, 2), ..query(&text("rome")) };
        let page = index.search(&page).await.unwrap();
        assert_eq!(page.more, offset < 4);
        paged.extend(page.hits);
    }
    assert_eq!(paged, whole.hits);
}
