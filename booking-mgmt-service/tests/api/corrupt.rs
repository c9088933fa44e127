//! Rows that cannot be read: each is left out of every list and hides none of the others; asked for alone it is a problem.

use domain::{
    ClientReference, HotelId,
    booking::{BookingRecord, BookingStatus},
};
use serde_json::Value;
use testkit::{http::Http, unique_uuid};

use crate::stage::{Stage, booking, hex, stage, user};

/// The bookings of a list, page by page: also an empty page may lead on.
async fn walk(caller: &Http, path: &str, size: usize) -> Vec<String> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let body = caller.get(&format!("{path}page_size={size}{token}")).await.expect(200);
        assert_eq!(body["partial"], false);
        all.extend(body["items"].as_array().unwrap().iter().map(id));
        match body["next_page_token"].as_str() {
            Some(next) => token = format!("&page_token={next}"),
            None => return all,
        }
    }
}

fn id(item: &Value) -> String {
    item["booking_id"].as_str().unwrap().to_owned()
}

/// More in a row than rounds are made for a page of one.
const CORRUPT_IN_A_ROW: std::ops::RangeInclusive<u32> = 1..=7;

/// Nine active bookings, seven of which are corrupt, and four archived ones, two of which are; and those that are not.
async fn thirteen(stage: &Stage, hotel: HotelId) -> (Vec<BookingRecord>, Vec<BookingRecord>) {
    let owner = user();
    let of = |day, status| BookingRecord { hotel_id: hotel, ..booking(owner, day, status) };
    let (mut corrupt, mut sound) = (Vec::new(), Vec::new());
    for day in 0..9 {
        let mut record = of(day, BookingStatus::Booked);
        record.client_reference = Some(ClientReference::parse(&format!("trip-{day}")).unwrap());
        stage.active(&record).await;
        let damage = if day == 1 { "status = 'x'" } else { "facts = 'x'" };
        if CORRUPT_IN_A_ROW.contains(&day) {
            let row = hex(record.booking_id);
            stage.db.execute(format!("update ignore bookings set {damage} where booking_id = {row}")).await;
            corrupt.push(record);
        } else {
            sound.push(record);
        }
    }
    for (day, damage) in [(9, None), (10, Some("'x'")), (11, Some("null")), (12, None)] {
        let record = of(day, BookingStatus::Completed);
        stage.archived(&record).await;
        match damage {
            Some(cell) => {
                spoil_copies(&record, cell).await;
                corrupt.push(record);
            }
            None => sound.push(record),
        }
    }
    (corrupt, sound)
}

/// Writes this cell instead of the booking's record into all tables of the archive, later than any version.
async fn spoil_copies(record: &BookingRecord, cell: &str) {
    let (id, start) = (record.booking_id, record.dates.start_date());
    let (user, hotel, status) = (record.user_id, record.hotel_id, record.status);
    let (year, month) = (start.format("%Y"), start.format("%Y-%m"));
    let session = testkit::cassandra::session().await;
    for (table, key) in [
        ("bookings_by_id", String::new()),
        (
            "bookings_by_user",
            format!(
                "and user_id = {user} and year = {year} and status = '{status}' and start_date = '{start}'"
            ),
        ),
        (
            "bookings_by_hotel",
            format!("and hotel_id = {hotel} and year_month = '{month}' and start_date = '{start}'"),
        ),
    ] {
        let at = i64::MAX >> 1;
        let cql =
            format!("update {table} using timestamp {at} set record = {cell} where booking_id = {id} {key}");
        session.query_unpaged(cql, &[]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_that_is_corrupt_is_left_out_of_every_list_and_hides_no_other() {
    let stage = stage().await;
    // All have arrived by then.
    let ahead_us = chrono::TimeDelta::days(150).num_microseconds().unwrap();
    stage.db.execute(format!("update dev_clock set offset_us = {ahead_us}")).await;
    let hotel = HotelId::from_uuid(unique_uuid());
    let (_, sound) = thirteen(&stage, hotel).await;
    let mut wanted: Vec<String> = sound.iter().map(|record| record.booking_id.to_string()).collect();
    let manager = stage.caller("manager", stage.hotel(hotel).await);
    let path = format!("/v1/hotels/{hotel}/bookings?start_from=2026-11-01&start_to=2027-02-01&");
    for size in [1, 2, 100] {
        assert_eq!(walk(&manager, &path, size).await, wanted, "the hotel's by {size}");
    }
    wanted.reverse();
    let traveller = stage.caller("traveller", sound[0].user_id);
    for size in [1, 2, 100] {
        assert_eq!(walk(&traveller, "/v1/me/bookings?view=all&", size).await, wanted, "one's own by {size}");
    }
    let figures = stage.nobody().get("/metrics").await.text();
    for table in ["bookings", "archive"] {
        assert!(figures.contains(&format!("corrupt_rows_total{{table=\"{table}\"}}")), "{table}");
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_that_is_corrupt_is_a_problem_to_who_asks_for_it_alone() {
    let stage = stage().await;
    let (corrupt, _) = thirteen(&stage, HotelId::from_uuid(unique_uuid())).await;
    let traveller = stage.caller("traveller", corrupt[0].user_id);
    for record in &corrupt {
        refused(&traveller, &format!("/v1/bookings/{}", record.booking_id)).await;
    }
    // Nothing would mean that it was never made.
    refused(&traveller, "/v1/bookings?client_reference=trip-2").await;
    stage.stop().await;
}

/// A mistake of ours, and trying again does not help.
async fn refused(caller: &Http, path: &str) {
    let reply = caller.get(path).await;
    assert!(reply.header("retry-after").is_none(), "{path}");
    reply.expect_problem(500, "internal");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_whose_money_is_corrupt_is_never_shown_as_unpaid() {
    let stage = stage().await;
    let (owner, hotel) = (user(), HotelId::from_uuid(unique_uuid()));
    let of = |day, status| BookingRecord { hotel_id: hotel, ..booking(owner, day, status) };
    let (paid, sound) = (of(1, BookingStatus::Booked), of(2, BookingStatus::Booked));
    let mut cancelled = of(3, BookingStatus::Cancelled);
    cancelled.invoice_id = Some(unique_uuid().into());
    cancelled.cancelled_at = Some(cancelled.updated_at);
    for record in [&paid, &sound, &cancelled] {
        stage.active(record).await;
    }
    payment_in_no_currency(&stage, &paid).await;
    stage.invoice(&cancelled, "PAR-2026-000042").await;
    stage.credit_note(&cancelled, 1_000).await;
    stage.db.execute("update credit_notes set currency = '???', number = 'C', sequence = 1").await;
    let manager = stage.caller("manager", stage.hotel(hotel).await);
    let path = format!("/v1/hotels/{hotel}/bookings?start_from=2026-11-01&start_to=2027-02-01&");
    assert_eq!(walk(&manager, &path, 10).await, [sound.booking_id.to_string()]);
    let traveller = stage.caller("traveller", owner);
    for path in [
        format!("/v1/bookings/{}", paid.booking_id),
        format!("/v1/bookings/{}", cancelled.booking_id),
        format!("/v1/bookings/{}/invoice", cancelled.booking_id),
    ] {
        refused(&traveller, &path).await;
    }
    stage.stop().await;
}

async fn payment_in_no_currency(stage: &Stage, record: &BookingRecord) {
    let (payment, booking) = (hex(record.facts.payment_id), hex(record.booking_id));
    let (hotel, user) = (hex(record.hotel_id), hex(record.user_id));
    stage
        .db
        .execute(format!(
            "insert into payments (payment_id, booking_id, hotel_id, user_id, status, amount, currency, captured, refunded, \
             booker_name, booker_email, language, version, created_at, updated_at) values ({payment}, {booking}, {hotel}, \
             {user}, 'succeeded', 96000, '???', 96000, 0, 'A', 'a@b.c', 'en', 1, now(6), now(6))"
        ))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_a_history_that_is_corrupt_hides_none_of_the_others() {
    let stage = stage().await;
    let record = booking(user(), 3, BookingStatus::Completed);
    stage.active(&record).await;
    let row = hex(record.booking_id);
    for (version, happening, from, to) in
        [(2, "booked", "RESERVED", "BOOKED"), (3, "completed", "BOOKED", "COMPLETED")]
    {
        stage
            .db
            .execute(format!(
                "insert into booking_log (booking_id, hotel_id, version, at, happening, from_status, to_status, actor_kind) \
                 values ({row}, {row}, {version}, now(6), '{happening}', '{from}', '{to}', 'system')"
            ))
            .await;
    }
    stage.db.execute("update ignore booking_log set to_status = 'x' where version = 2").await;
    let traveller = stage.caller("traveller", record.user_id);
    let body = traveller.get(&format!("/v1/bookings/{}/history", record.booking_id)).await.expect(200);
    let versions: Vec<i64> =
        body["items"].as_array().unwrap().iter().map(|entry| entry["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, [1, 3]);
    stage.stop().await;
}
