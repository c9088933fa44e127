//! The scan behind the mark and the slow walk.

use std::time::Duration;

use archival_service::{
    jobs::{copying::Copying, purging, walking::Walking},
    progress::Progress,
    settings::{CopyingSettings, PurgingSettings, WalkingSettings},
};
use chrono::TimeDelta;
use domain::booking::{BookingRecord, BookingStatus};
use platform::shutdown::Shutdown;
use records::{
    EndedPosition,
    archive::cassandra::{CassandraArchive, CassandraSettings},
};

use crate::stage::{Stage, archiver, ended, stage};

const COPYING: CopyingSettings =
    CopyingSettings { every_ms: 1, gather_ms: 0, batch: 2, side_by_side: 2, overlap_seconds: 60 };
const WALKING: WalkingSettings =
    WalkingSettings { every_ms: 1, pages: 3, batch: 1, side_by_side: 1, rest_minutes: 60 };
const PURGING: PurgingSettings = PurgingSettings {
    every_ms: 1,
    batch: 1,
    side_by_side: 1,
    longest_rest_ms: 1,
    settling_days: 0,
    latest_callback_hours: 0,
};
const STATUS: BookingStatus = BookingStatus::Cancelled;

fn progress(stage: &Stage) -> Progress {
    Progress::new(stage.archiver.active().pool().clone())
}

fn copying(stage: &Stage) -> Copying {
    Copying::new(stage.archiver.clone(), progress(stage), COPYING)
}

fn walking(stage: &Stage) -> Walking {
    Walking::new(stage.archiver.clone(), progress(stage), WALKING)
}

/// One that ended so many seconds ago, by the database.
async fn ended_ago(stage: &Stage, seconds: i64) -> BookingRecord {
    let mut record = ended("2026-01-01T00:00:00Z");
    record.updated_at = stage.archiver.now().await.unwrap().plus(-TimeDelta::seconds(seconds));
    stage.active(&record).await;
    record
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_just_ended_is_copied_at_once_whatever_lies_behind_the_mark() {
    let stage = stage().await;
    let now = stage.archiver.now().await.unwrap();
    progress(&stage).move_mark(STATUS, now.plus(-TimeDelta::minutes(10))).await.unwrap();
    // Committed by a transaction that was frozen for an hour.
    let forgotten = ended_ago(&stage, 3_600).await;
    let fresh = ended_ago(&stage, 5).await;
    copying(&stage).look().await.unwrap();
    assert!(stage.is_archived(&fresh).await);
    assert!(!stage.is_archived(&forgotten).await);
    walking(&stage).look().await.unwrap();
    assert!(stage.is_archived(&forgotten).await, "the walk finds what the mark has passed by");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_the_last_process_came_to() {
    let stage = stage().await;
    let early = ended_ago(&stage, 3_600).await;
    ended_ago(&stage, 300).await;
    copying(&stage).look().await.unwrap();
    let mark = progress(&stage).mark(STATUS).await.unwrap();
    assert!(mark.at > early.updated_at, "{mark:?}");
    progress(&stage).move_mark(STATUS, early.updated_at).await.unwrap();
    assert_eq!(progress(&stage).mark(STATUS).await.unwrap(), mark, "it never goes back");
}

#[tokio::test(flavor = "multi_thread")]
async fn scans_over_what_is_archived_ask_mysql_alone() {
    let stage = stage().await;
    for seconds in [1, 2, 3] {
        ended_ago(&stage, seconds).await;
    }
    copying(&stage).look().await.unwrap();
    let nowhere = CassandraSettings::at(vec!["127.0.0.1:1".to_owned()], "vacancy_test");
    let without = archiver(&stage.db, std::sync::Arc::new(CassandraArchive::new(nowhere.unwrap()))).await;
    Copying::new(without.clone(), progress(&stage), COPYING).look().await.unwrap();
    Walking::new(without.clone(), progress(&stage), WALKING).look().await.unwrap();
    ended_ago(&stage, 0).await;
    // The database's clock is carried on for a while: what has ended just now may be found a moment later.
    testkit::eventually(Duration::from_secs(20), || async {
        Copying::new(without.clone(), progress(&stage), COPYING).look().await.is_err().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_the_archive_has_newer_keeps_no_other_back() {
    let stage = stage().await;
    let behind = ended_ago(&stage, 9).await;
    let newer = BookingRecord { version: behind.version + 1, ..behind.clone() };
    stage.archive.put(&newer).await.unwrap();
    let fresh = ended_ago(&stage, 1).await;
    copying(&stage).look().await.unwrap();
    assert!(stage.is_archived(&fresh).await);
    assert_eq!(stage.archive.by_id(behind.booking_id).await.unwrap(), Some(newer));
    assert_eq!(stage.rows("bookings", &behind).await, 1);
}

/// Three bookings, one after the other, that no archiver can move, and why; before and behind each a sound one.
async fn three_that_stay(stage: &Stage) -> (Vec<BookingRecord>, Vec<BookingRecord>) {
    let (mut stay, mut sound) = (Vec::new(), vec![ended_ago(stage, 900).await]);
    for seconds in [800, 700, 600] {
        stay.push(ended_ago(stage, seconds).await);
        sound.push(ended_ago(stage, seconds - 50).await);
    }
    let [corrupt, copy, twin] = &stay[..] else { panic!("three") };
    stage.db.execute(format!("update bookings set facts = 'x' where booking_id = {}", hex(corrupt))).await;
    stage.archive.put(copy).await.unwrap();
    stage.damage_copy(copy).await;
    // The keys of a booking that is purged: never so, but for damage.
    let sql = format!(
        "insert into purged_bookings (booking_id, hotel_id, user_id, idempotency_scope, idempotency_hash, payment_id, \
         actor_kind, status, start_date, end_date, version, purged_at, created_at, updated_at) \
         select x'01', hotel_id, user_id, idempotency_scope, idempotency_hash, payment_id, actor_kind, 'CANCELLED', \
         start_date, end_date, 1, now(6), now(6), now(6) from bookings where booking_id = {}",
        hex(twin)
    );
    stage.db.execute(sql).await;
    (stay, sound)
}

fn hex(record: &BookingRecord) -> String {
    format!("x'{}'", record.booking_id.uuid().simple())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_archived_holds_neither_the_mark_nor_the_walk_nor_the_purging() {
    let stage = stage().await;
    let (stay, sound) = three_that_stay(&stage).await;
    let last = sound.last().expect("some");
    // Page by page of one: a page may hold nothing but one that stays.
    let (copying, walking) =
        (CopyingSettings { batch: 1, ..COPYING }, WalkingSettings { pages: 20, ..WALKING });
    Copying::new(stage.archiver.clone(), progress(&stage), copying).look().await.unwrap();
    assert!(progress(&stage).mark(STATUS).await.unwrap().at >= last.updated_at);
    for record in &sound {
        assert!(stage.is_archived(record).await);
    }
    Walking::new(stage.archiver.clone(), progress(&stage), walking).look().await.unwrap();
    let now = stage.archiver.now().await.unwrap();
    assert_eq!(progress(&stage).walk(STATUS, now).await.unwrap(), None, "it has come to its end and rests");
    purging::look(stage.archiver.clone(), PURGING, STATUS, Shutdown::new()).await.unwrap();
    for record in &sound {
        assert_eq!(stage.rows("bookings", record).await, 0);
    }
    for record in &stay {
        assert_eq!(stage.rows("bookings", record).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stay_is_purged_without_a_look_at_what_was_cancelled() {
    let stage = stage().await;
    let cancelled = ended_ago(&stage, 30).await;
    let mut stay = testkit::booking::record();
    (stay.status, stay.version) = (BookingStatus::Completed, 3);
    stay.updated_at = stage.archiver.now().await.unwrap().plus(-TimeDelta::seconds(10));
    stage.active(&stay).await;
    purging::look(stage.archiver.clone(), PURGING, BookingStatus::Completed, Shutdown::new()).await.unwrap();
    assert_eq!((stage.rows("bookings", &stay).await, stage.rows("purged_bookings", &stay).await), (0, 1));
    assert_eq!(stage.rows("bookings", &cancelled).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_that_is_told_to_stop_begins_no_further_lot() {
    let stage = stage().await;
    let records = [ended_ago(&stage, 30).await, ended_ago(&stage, 20).await];
    let stopped = Shutdown::new();
    stopped.request();
    purging::look(stage.archiver.clone(), PURGING, STATUS, stopped).await.unwrap();
    for record in &records {
        assert_eq!(stage.rows("bookings", record).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_the_service_share_one_walk_which_rests_at_its_end() {
    let stage = stage().await;
    let records = [ended_ago(&stage, 50).await, ended_ago(&stage, 40).await, ended_ago(&stage, 30).await];
    let now = stage.archiver.now().await.unwrap();
    let (one, another) = (progress(&stage), progress(&stage));
    let from = one.walk(STATUS, now).await.unwrap().expect("it begins");
    let to = EndedPosition { at: records[0].updated_at, booking_id: records[0].booking_id };
    assert!(one.take(STATUS, from, to).await.unwrap());
    assert!(!another.take(STATUS, from, to).await.unwrap(), "a page is taken once");
    assert_eq!(another.walk(STATUS, now).await.unwrap(), Some(to));
    walking(&stage).look().await.unwrap();
    assert!(!stage.is_archived(&records[0]).await, "that page was another's");
    assert!(stage.is_archived(&records[1]).await && stage.is_archived(&records[2]).await);
    assert_eq!(one.walk(STATUS, now).await.unwrap(), None, "it rests");
    let later = now.plus(TimeDelta::minutes(61));
    assert_eq!(one.walk(STATUS, later).await.unwrap(), Some(EndedPosition::first()));
}
