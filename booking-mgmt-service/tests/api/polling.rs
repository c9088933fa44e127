//! Who asks for changes again and again misses none, although changes are seen later than the moment they carry.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use domain::{HotelId, Instant, booking::BookingRecord};
use serde_json::Value;
use sqlx::MySqlPool;
use testkit::{http::Http, unique_uuid};

use crate::stage::{SOON, booking, launch, stage, user};

const WRITERS: usize = 8;
const CHANGES: i64 = 12;

/// A poller as the documentation describes one.
struct Poller {
    api: Http,
    hotel: HotelId,
    since: String,
    seen: BTreeMap<String, i64>,
}

impl Poller {
    /// One whole list of changes, page by page.
    async fn poll(&mut self) {
        let base = format!("/v1/hotels/{}/bookings?page_size=7&updated_since={}", self.hotel, self.since);
        let (mut path, mut complete_until) = (base.clone(), None);
        loop {
            let page = self.api.get(&path).await.expect(200);
            if page["partial"] == true {
                // Nothing is promised of it: the next poll asks the same again.
                return;
            }
            self.take(&page);
            let said = page["complete_until"].as_str().unwrap().to_owned();
            assert_eq!(*complete_until.get_or_insert(said.clone()), said, "every page says the same");
            let Some(token) = page["next_page_token"].as_str() else { break };
            path = format!("{base}&page_token={token}");
        }
        self.since = complete_until.unwrap();
    }

    fn take(&mut self, page: &Value) {
        for item in page["items"].as_array().unwrap() {
            let seen = self.seen.entry(item["booking_id"].as_str().unwrap().to_owned()).or_default();
            *seen = item["version"].as_i64().unwrap().max(*seen);
        }
    }

    fn since(&self) -> Instant {
        self.since.parse().unwrap()
    }
}

/// Changes a booking many times: decided now, seen when the commit comes, sometimes much later than others decided after it.
async fn write(pool: MySqlPool, mut record: BookingRecord, nth: usize) -> BookingRecord {
    for version in 1..=CHANGES {
        let mut tx = pool.begin().await.unwrap();
        let now: chrono::NaiveDateTime =
            sqlx::query_scalar("select utc_timestamp(6)").fetch_one(&mut *tx).await.unwrap();
        (record.version, record.updated_at) = (version, Instant::from_naive_utc(now));
        if version == 1 {
            testkit::booking::insert_in(&mut tx, &record).await;
        } else {
            let sql = "update bookings set version = ?, updated_at = ? where booking_id = ?";
            let change = sqlx::query(sql).bind(version).bind(now).bind(record.booking_id.uuid());
            change.execute(&mut *tx).await.unwrap();
        }
        let lag = (nth * 7 + usize::try_from(version).unwrap() * 3) % 11;
        let lag = f64::from(u8::try_from(lag).unwrap()) / 50.0;
        sqlx::query("select sleep(?)").bind(lag).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
    }
    record
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poller_over_two_copies_misses_no_change_of_eight_writers() {
    let stage = stage().await;
    let copy = launch(stage.settings.clone()).await;
    let hotel = HotelId::from_uuid(unique_uuid());
    let manager = stage.hotel(hotel).await;
    let writing = AtomicUsize::new(WRITERS);
    let writers = (0..WRITERS).map(|nth| {
        let mut record = booking(user(), u32::try_from(nth).unwrap(), domain::booking::BookingStatus::Booked);
        record.hotel_id = hotel;
        let (pool, writing) = (stage.db.pool.clone(), &writing);
        async move {
            let last = write(pool, record, nth).await;
            writing.fetch_sub(1, Ordering::SeqCst);
            last
        }
    });
    let here = stage.caller("manager", manager);
    let there =
        Http::at(format!("http://{}", copy.address())).as_caller(testkit::token(&["manager"], manager));
    let since = "2026-01-01T00:00:00Z".to_owned();
    let mut poller = Poller { api: here.clone(), hotel, since, seen: BTreeMap::new() };
    let polling = async {
        while writing.load(Ordering::SeqCst) > 0 {
            poller.api = here.clone();
            poller.poll().await;
            poller.api = there.clone();
            poller.poll().await;
        }
        poller
    };
    let (written, mut poller) = tokio::join!(futures::future::join_all(writers), polling);
    // As if a quarter of a minute had passed: the promise is made for the last change, too.
    stage.db.execute("update dev_clock set offset_us = 20000000").await;
    let last = written.iter().map(|record| record.updated_at).max().unwrap();
    let deadline = tokio::time::Instant::now() + SOON;
    while poller.since() <= last {
        assert!(tokio::time::Instant::now() < deadline, "complete_until does not move on");
        poller.poll().await;
    }
    for record in written {
        assert_eq!(poller.seen.get(&record.booking_id.to_string()), Some(&record.version));
    }
    copy.stop().await;
    stage.stop().await;
}
