use std::{collections::BTreeMap, sync::Arc};

use archival_service::archiver::{Copied, Settled};
use chrono::Datelike as _;
use domain::booking::{BookingRecord, BookingStatus, LatePayment};
use records::archive::cassandra::{CassandraArchive, CassandraSettings};

use crate::stage::{Stage, archive_at, archiver, copy, ended, settle, settled, stage};

const LONG_AGO: &str = "2026-11-01T00:00:00Z";

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_booking_is_copied_read_back_and_purged_with_exactly_what_was_read() {
    let stage = stage().await;
    let record = ended(LONG_AGO);
    stage.active(&record).await;
    let copied = copy(&stage.archiver, record.booking_id).await;
    assert_eq!(copied, Copied::Confirmed(Box::new(record.clone())));
    assert!(stage.is_archived(&record).await);
    assert_eq!(stage.rows("bookings", &record).await, 1);
    assert_eq!(settle(&stage.archiver, record.booking_id, settled()).await.unwrap(), Settled::Purged);
    assert_eq!((stage.rows("bookings", &record).await, stage.rows("purged_bookings", &record).await), (0, 1));
    assert!(stage.is_archived(&record).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_after_any_step_is_followed_by_one_that_ends_the_work_once() {
    let stage = stage().await;
    let killed_after = 6;
    for step in 0..killed_after {
        let record = ended(LONG_AGO);
        stage.active(&record).await;
        run_until(&stage, &record, step).await;
        assert!(stage.is_somewhere(&record).await, "lost after step {step}");
        // Another process, which knows nothing of the first.
        let next = archiver(&stage.db, Arc::new(archive_at(&stage.cassandra))).await;
        let ended = settle(&next, record.booking_id, settled()).await.unwrap();
        assert_eq!(ended, if step < 5 { Settled::Purged } else { Settled::Gone }, "after step {step}");
        assert_eq!(
            (stage.rows("bookings", &record).await, stage.rows("purged_bookings", &record).await),
            (0, 1)
        );
        assert!(stage.is_archived(&record).await, "after step {step}");
    }
}

/// The archiver's steps one by one: nothing, one table written, two, all three, read back, purged.
async fn run_until(stage: &Stage, record: &BookingRecord, step: u32) {
    let session = testkit::cassandra::session().await;
    let text = serde_json::to_string(record).unwrap();
    let (id, user, hotel) = (record.booking_id, record.user_id, record.hotel_id);
    let (day, status, version) = (record.dates.start_date(), record.status, record.version);
    let (year, written_at) = (day.year(), version << 52);
    let by_id = format!(
        "insert into bookings_by_id (booking_id, version, user_id, hotel_id, start_date, status, record) \
         values ({id}, {version}, {user}, {hotel}, '{day}', '{status}', $${text}$$) using timestamp {written_at}"
    );
    let by_user = format!(
        "insert into bookings_by_user (user_id, year, start_date, booking_id, version, hotel_id, status, record) \
         values ({user}, {year}, '{day}', {id}, {version}, {hotel}, '{status}', $${text}$$) using timestamp {written_at}"
    );
    match step {
        0 => {}
        1 => drop(session.query_unpaged(by_id, ()).await.unwrap()),
        2 => {
            session.query_unpaged(by_id, ()).await.unwrap();
            session.query_unpaged(by_user, ()).await.unwrap();
        }
        3 => stage.archive.put(record).await.unwrap(),
        4 => drop(copy(&stage.archiver, id).await),
        _ => assert_eq!(settle(&stage.archiver, id, settled()).await.unwrap(), Settled::Purged),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_refuses_a_booking_that_changed_after_it_was_read_back() {
    let stage = stage().await;
    let record = ended(LONG_AGO);
    stage.active(&record).await;
    let Copied::Confirmed(held) = copy(&stage.archiver, record.booking_id).await else {
        panic!("not copied")
    };
    let mut rebooked = record.clone();
    (rebooked.status, rebooked.status_reason, rebooked.version) = (BookingStatus::Booked, None, 4);
    rebooked.late_payment = Some(LatePayment::Rebooked);
    stage.active(&rebooked).await;
    assert_eq!(stage.archiver.purge(&held).await.unwrap(), Settled::Changed);
    assert_eq!(settle(&stage.archiver, record.booking_id, settled()).await.unwrap(), Settled::Changed);
    assert_eq!((stage.rows("bookings", &record).await, stage.rows("purged_bookings", &record).await), (1, 0));
    // It ends again: the newer copy takes the older one's place, and an older writer that wakes up late loses.
    let mut completed = rebooked.clone();
    (completed.status, completed.version) = (BookingStatus::Completed, 5);
    stage.active(&completed).await;
    assert_eq!(
        copy(&stage.archiver, record.booking_id).await,
        Copied::Confirmed(Box::new(completed.clone()))
    );
    stage.archive.put(&record).await.unwrap();
    assert!(stage.is_archived(&completed).await);
    assert_eq!(settle(&stage.archiver, record.booking_id, settled()).await.unwrap(), Settled::Purged);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_by_hand_with_an_ordinary_timestamp_hides_neither_this_copy_nor_the_next() {
    let stage = stage().await;
    let record = ended(LONG_AGO);
    stage.archive.put(&record).await.unwrap();
    let (keyspace, id) = (&stage.cassandra.keyspace, record.booking_id);
    let cql = format!("delete from {keyspace}.bookings_by_id where booking_id = {id}");
    testkit::cassandra::session().await.query_unpaged(cql, ()).await.unwrap();
    assert!(stage.is_archived(&record).await);
    let mut refunded = record.clone();
    (refunded.version, refunded.late_payment) = (4, Some(LatePayment::Refunded));
    stage.archive.put(&refunded).await.unwrap();
    assert!(stage.is_archived(&refunded).await);
}

/// The statement that makes a void of this booking owed.
pub(crate) fn void_owed(record: &BookingRecord) -> String {
    let id = record.booking_id.uuid().simple();
    format!(
        "insert into voids (void_id, payment_id, booking_id, hotel_id, share, reason, status, version, created_at, updated_at) \
         values (x'{id}', x'{id}', x'{id}', x'{id}', 0, 'traveller', 'owed', 1, now(6), now(6))"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_that_has_not_settled_stays() {
    let stage = stage().await;
    let record = ended("2026-11-20T00:00:00Z");
    stage.active(&record).await;
    let before = "2026-11-19T23:59:59Z".parse().unwrap();
    assert_eq!(settle(&stage.archiver, record.booking_id, before).await.unwrap(), Settled::Changed);
    let lane = events::outbox::lane_of(record.hotel_id);
    let open = [
        void_owed(&record),
        format!(
            "insert into outbox (lane, records, entries, created_at) values ({lane}, 1, '[]', '2026-11-20 00:00:01')"
        ),
    ];
    for (table, sql) in ["voids", "outbox"].into_iter().zip(open) {
        stage.db.execute(sql).await;
        assert_eq!(
            settle(&stage.archiver, record.booking_id, settled()).await.unwrap(),
            Settled::Open,
            "{table}"
        );
        assert_eq!(stage.rows("bookings", &record).await, 1);
        stage.db.execute(format!("delete from {table}")).await;
    }
    assert_eq!(settle(&stage.archiver, record.booking_id, settled()).await.unwrap(), Settled::Purged);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_active_booking_is_never_archived() {
    let stage = stage().await;
    for status in [BookingStatus::Reserved, BookingStatus::Booked] {
        let mut record = ended(LONG_AGO);
        record.status = status;
        stage.active(&record).await;
        assert_eq!(copy(&stage.archiver, record.booking_id).await, Copied::NotEnded);
        assert_eq!(settle(&stage.archiver, record.booking_id, settled()).await.unwrap(), Settled::Changed);
        assert!(!stage.is_archived(&record).await);
        assert_eq!(stage.rows("bookings", &record).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_archive_is_down_nothing_leaves_mysql() {
    let stage = stage().await;
    let record = ended(LONG_AGO);
    stage.active(&record).await;
    let nowhere = CassandraSettings::at(vec!["127.0.0.1:1".to_owned()], "vacancy_test").unwrap();
    let without = archiver(&stage.db, Arc::new(CassandraArchive::new(nowhere))).await;
    assert!(!settle(&without, record.booking_id, settled()).await.unwrap_err().is_of_this_booking());
    assert_eq!(stage.rows("bookings", &record).await, 1);
    assert_eq!(settle(&stage.archiver, record.booking_id, settled()).await.unwrap(), Settled::Purged);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_after_the_purge_is_taken_into_the_copy_and_an_older_event_is_not() {
    let stage = stage().await;
    let record = ended(LONG_AGO);
    stage.active(&record).await;
    let mut refunded = record.clone();
    (refunded.version, refunded.late_payment) = (4, Some(LatePayment::Refunded));
    // While MySQL has it, MySQL is the only source.
    assert_eq!(amend(&stage, &[&refunded]).await, [false]);
    assert_eq!(settle(&stage.archiver, record.booking_id, settled()).await.unwrap(), Settled::Purged);
    assert_eq!(amend(&stage, &[&record]).await, [false]);
    // A booking that neither store has is none of ours, and keeps no other of its batch from being amended.
    assert_eq!(amend(&stage, &[&ended(LONG_AGO), &refunded, &ended(LONG_AGO)]).await, [false, true, false]);
    assert_eq!(amend(&stage, &[&refunded]).await, [false]);
    assert!(stage.is_archived(&refunded).await);
}

async fn amend(stage: &Stage, events: &[&BookingRecord]) -> Vec<bool> {
    let amended = stage.archiver.amend(events, 2).await.unwrap();
    amended.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_one_that_is_open_stays_and_the_others_go_together() {
    let stage = stage().await;
    let records: Vec<_> = (0..5).map(|_| ended(LONG_AGO)).collect();
    for record in &records {
        stage.active(record).await;
    }
    stage.db.execute(void_owed(&records[2])).await;
    let ids: Vec<_> = records.iter().map(|record| record.booking_id).collect();
    let done = stage.archiver.settle_all(&ids, settled(), 2).await.unwrap();
    let done: BTreeMap<_, _> = done.into_iter().map(|(id, settled)| (id, settled.unwrap())).collect();
    for record in &records {
        let is_open = record.booking_id == records[2].booking_id;
        let becomes = if is_open { Settled::Open } else { Settled::Purged };
        assert_eq!(done[&record.booking_id], becomes);
        assert_eq!(stage.rows("bookings", record).await, i64::from(is_open));
        assert_eq!(stage.is_archived(record).await, !is_open, "what is open is not copied for the purge");
    }
    let moments = "select count(distinct purged_at) from purged_bookings";
    assert_eq!(stage.db.number(moments).await, 1, "by one transaction");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_each_goes_although_another_process_was_faster_with_one() {
    let stage = stage().await;
    let records: Vec<_> = (0..3).map(|_| ended(LONG_AGO)).collect();
    for record in &records {
        stage.active(record).await;
        stage.archive.put(record).await.unwrap();
    }
    let held: Vec<_> = records.iter().collect();
    assert_eq!(settle(&stage.archiver, records[1].booking_id, settled()).await.unwrap(), Settled::Purged);
    assert!(!records::purge_all(&stage.db.pool, &held, settled()).await.unwrap());
    assert_eq!(stage.rows("bookings", &records[0]).await, 1, "all or none");
    let ids: Vec<_> = records.iter().map(|record| record.booking_id).collect();
    for (id, done) in stage.archiver.settle_all(&ids, settled(), 2).await.unwrap() {
        let becomes = if id == ids[1] { Settled::Gone } else { Settled::Purged };
        assert_eq!(done.unwrap(), becomes);
    }
}
