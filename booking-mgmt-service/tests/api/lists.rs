use std::collections::BTreeMap;

use domain::{
    HotelId,
    booking::{BookingRecord, BookingStatus},
};
use records::{Order, Position, View};
use serde_json::Value;
use testkit::{http::Http, unique_uuid};

use crate::stage::{Stage, booking, stage, user};

/// Every item of a list, page by page; with the sizes of the pages checked.
async fn walk(caller: &Http, path: &str, size: usize) -> Vec<Value> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let body = caller.get(&format!("{path}page_size={size}{token}")).await.expect(200);
        assert_eq!(body["partial"], false);
        let items = body["items"].as_array().unwrap();
        assert!(items.len() <= size);
        all.extend(items.iter().cloned());
        match body["next_page_token"].as_str() {
            Some(next) => token = format!("&page_token={next}"),
            None => return all,
        }
    }
}

fn ids_and_versions(items: &[Value]) -> Vec<(String, i64)> {
    let of =
        |item: &Value| (item["booking_id"].as_str().unwrap().to_owned(), item["version"].as_i64().unwrap());
    items.iter().map(of).collect()
}

/// What the list must show, from the newest version of each booking.
fn expected(
    newest: &[BookingRecord],
    order: Order,
    holds: impl Fn(&BookingRecord) -> bool,
) -> Vec<(String, i64)> {
    let mut held: Vec<&BookingRecord> = newest.iter().filter(|record| holds(record)).collect();
    held.sort_by(|a, b| order.compare(Position::of(a), Position::of(b)));
    held.into_iter().map(|record| (record.booking_id.to_string(), record.version)).collect()
}

/// Thirty bookings, several a day: active, purged, in both stores at one version, in both with an older copy in the archive
/// (a late payment brought one back, another ended again). Gives each as it is now.
async fn thirty(stage: &Stage) -> Vec<BookingRecord> {
    let (owner, hotel) = (user(), HotelId::from_uuid(unique_uuid()));
    let mut newest = Vec::new();
    for number in 0..30u32 {
        let ended = if number % 2 == 0 { BookingStatus::Completed } else { BookingStatus::Cancelled };
        let mut record = booking(owner, number / 4 * 9, ended);
        record.hotel_id = hotel;
        match number % 5 {
            0 => {
                record.status = BookingStatus::Booked;
                stage.active(&record).await;
            }
            1 => stage.archived(&record).await,
            2 => {
                stage.active(&record).await;
                stage.archived(&record).await;
            }
            3 => {
                stage.archived(&record).await;
                (record.status, record.version) = (BookingStatus::Booked, 4);
                stage.active(&record).await;
            }
            _ => {
                stage.archived(&record).await;
                record.version = 6;
                stage.active(&record).await;
            }
        }
        newest.push(record);
    }
    newest
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_shows_each_booking_once_at_its_higher_version_whatever_the_pages() {
    let stage = stage().await;
    // All thirty have arrived by then: nothing that is COMPLETED lies ahead.
    let ahead_us = chrono::TimeDelta::days(150).num_microseconds().unwrap();
    stage.db.execute(format!("update dev_clock set offset_us = {ahead_us}")).await;
    let newest = thirty(&stage).await;
    let traveller = stage.caller("traveller", newest[0].user_id);
    for (view, name) in [
        (View::Upcoming, "upcoming"),
        (View::Past, "past"),
        (View::Cancelled, "cancelled"),
        (View::All, "all"),
    ] {
        let wanted = expected(&newest, view.order(), |record| view.statuses().contains(&record.status));
        assert!(wanted.len() > 3, "{name} is not tested by {wanted:?}");
        for size in [1, 3, 7, 100] {
            let items = walk(&traveller, &format!("/v1/me/bookings?view={name}&"), size).await;
            assert_eq!(ids_and_versions(&items), wanted, "{name} by {size}");
        }
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hotels_list_filters_both_stores_alike() {
    let stage = stage().await;
    let newest = thirty(&stage).await;
    let hotel = newest[0].hotel_id;
    let manager = stage.caller("manager", stage.hotel(hotel).await);
    let all = expected(&newest, Order::Ascending, |_| true);
    let window = "start_from=2026-11-01&start_to=2027-02-01";
    for size in [1, 4, 100] {
        let items = walk(&manager, &format!("/v1/hotels/{hotel}/bookings?{window}&"), size).await;
        assert_eq!(ids_and_versions(&items), all, "by {size}");
    }
    let mut filters: BTreeMap<String, Vec<(String, i64)>> = BTreeMap::new();
    for status in
        [BookingStatus::Booked, BookingStatus::Completed, BookingStatus::Cancelled, BookingStatus::Reserved]
    {
        let wanted = expected(&newest, Order::Ascending, |record| record.status == status);
        filters.insert(format!("{window}&status={status}&"), wanted);
    }
    for record in [&newest[1], &newest[5]] {
        let only = |other: &BookingRecord| other.booking_id == record.booking_id;
        let wanted = expected(&newest, Order::Ascending, only);
        let number = record.booking_id.confirmation_number().as_str().to_lowercase().replace('-', "%20");
        filters.insert(format!("{window}&confirmation_number={number}&"), wanted.clone());
        filters.insert(format!("{window}&room_id={}&", record.facts.lines[0].room_id), wanted);
    }
    let day = newest[8].dates.start_date();
    let wanted = expected(&newest, Order::Ascending, |record| record.dates.start_date() == day);
    filters.insert(format!("start_from={day}&start_to={day}&"), wanted);
    filters.insert(format!("{window}&updated_since=2026-11-21T19:23:00.000001Z&"), Vec::new());
    for (filter, wanted) in filters {
        let items = walk(&manager, &format!("/v1/hotels/{hotel}/bookings?{filter}"), 2).await;
        assert_eq!(ids_and_versions(&items), wanted, "{filter}");
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_on_its_way_to_the_archive_is_always_there_and_always_once() {
    let stage = stage().await;
    let owner = user();
    let traveller = stage.caller("traveller", owner);
    let records: Vec<BookingRecord> =
        (0..12).map(|day| booking(owner, day, BookingStatus::Completed)).collect();
    for record in &records {
        stage.active(record).await;
    }
    let wanted = expected(&records, Order::Descending, |_| true);
    let moving = async {
        for record in &records {
            stage.archived(record).await;
            stage.purge(record).await;
        }
    };
    let reading = async {
        for _ in 0..25 {
            assert_eq!(ids_and_versions(&walk(&traveller, "/v1/me/bookings?view=past&", 5).await), wanted);
        }
    };
    tokio::join!(moving, reading);
    assert_eq!(stage.db.number("select count(*) from bookings").await, 0);
    assert_eq!(ids_and_versions(&walk(&traveller, "/v1/me/bookings?view=past&", 5).await), wanted);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_has_the_hotels_cover_image_of_today() {
    let stage = stage().await;
    let record = booking(user(), 3, BookingStatus::Reserved);
    stage.active(&record).await;
    stage.hotel(record.hotel_id).await;
    let body = stage.caller("traveller", record.user_id).get("/v1/me/bookings").await.expect(200);
    let item = &body["items"][0];
    assert_eq!(item["cover_image_url"], "https://img.example/cover.jpg");
    assert_eq!((&item["rooms"], &item["total"]["amount"]), (&2.into(), &96_000.into()));
    assert!(item["checkout_url"].as_str().unwrap().contains("/checkout/"));
    stage.stop().await;
}
