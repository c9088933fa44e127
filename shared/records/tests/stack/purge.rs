use domain::{
    Instant,
    booking::{BookingRecord, BookingStatus},
};
use records::{ActiveBookings, Purge, purge, purge_all, unsettled};
use sqlx::{AssertSqlSafe, MySqlPool};

fn now() -> Instant {
    "2026-12-01T00:00:00Z".parse().unwrap()
}

async fn ended(pool: &MySqlPool) -> BookingRecord {
    let mut record = testkit::booking::record();
    (record.status, record.version) = (BookingStatus::Completed, 4);
    record.client_reference = Some(domain::ClientReference::parse("order-4711").unwrap());
    testkit::booking::insert(pool, &record).await;
    record
}

async fn count(pool: &MySqlPool, table: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table}"))).fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settled_booking_goes_and_its_keys_stay() {
    let db = testkit::mysql::booking().await;
    let record = ended(&db.pool).await;
    let sql = "insert into idempotency_keys (scope, request_hash, operation_id, user_id, status, body, booking_id, hotel_id, \
               created_at) values (x'01', x'02', 'cancel_booking', x'03', 200, '{}', ?, x'04', now(6))";
    sqlx::query(sql).bind(record.booking_id.uuid()).execute(&db.pool).await.unwrap();
    assert_eq!(purge(&db.pool, &record, now()).await.unwrap(), Purge::Done);
    for table in ["bookings", "idempotency_keys"] {
        assert_eq!(count(&db.pool, table).await, 0, "{table}");
    }
    let kept: (Vec<u8>, String, i64) = sqlx::query_as(
        "select idempotency_hash, cast(status as char), version from purged_bookings where booking_id = ?",
    )
    .bind(record.booking_id.uuid())
    .fetch_one(&db.pool)
    .await
    .unwrap();
    assert_eq!(kept, (vec![7; 32], "COMPLETED".to_owned(), 4));
    let reference = record.client_reference.as_ref().unwrap();
    let found = ActiveBookings::new(db.pool.clone()).by_reference(record.user_id, reference).await.unwrap();
    assert_eq!(found, Some(record.booking_id));
    assert_eq!(purge(&db.pool, &record, now()).await.unwrap(), Purge::AlreadyDone);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_that_changed_since_it_was_archived_stays() {
    let db = testkit::mysql::booking().await;
    let archived = ended(&db.pool).await;
    sqlx::query("update bookings set version = 5, status = 'BOOKED'").execute(&db.pool).await.unwrap();
    assert_eq!(purge(&db.pool, &archived, now()).await.unwrap(), Purge::Changed);
    assert_eq!((count(&db.pool, "bookings").await, count(&db.pool, "purged_bookings").await), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_with_money_or_events_open_stays() {
    let db = testkit::mysql::booking().await;
    let record = ended(&db.pool).await;
    let times = "version, created_at, updated_at";
    let lane = events::outbox::lane_of(record.hotel_id);
    let open = [
        (
            "voids",
            format!(
                "insert into voids (void_id, payment_id, booking_id, hotel_id, share, reason, status, {times}) \
                           values (x'01', x'02', ?, x'03', 0, 'hold_expired', 'owed', 1, now(6), now(6))"
            ),
        ),
        (
            "refunds",
            format!(
                "insert into refunds (refund_id, payment_id, booking_id, hotel_id, share, amount, currency, reason, status, {times}) \
                             values (x'01', x'02', ?, x'03', 0, 5, 'EUR', 'review', 'sent', 1, now(6), now(6))"
            ),
        ),
        (
            "payments",
            format!(
                "insert into payments (payment_id, booking_id, hotel_id, user_id, status, amount, currency, \
                              booker_name, booker_email, language, {times}) \
                              values (x'02', ?, x'03', x'04', 'in_review', 5, 'EUR', 'A', 'a@b.c', 'en', 1, now(6), now(6))"
            ),
        ),
        (
            "outbox",
            format!(
                "insert into outbox (lane, records, entries, created_at) \
                            values ({lane}, 1, ?, '2026-11-21 19:23:05')"
            ),
        ),
    ];
    for (table, sql) in open {
        sqlx::query(AssertSqlSafe(sql)).bind(record.booking_id.uuid()).execute(&db.pool).await.unwrap();
        assert_eq!(purge(&db.pool, &record, now()).await.unwrap(), Purge::NotSettled, "{table}");
        sqlx::query(AssertSqlSafe(format!("delete from {table}"))).execute(&db.pool).await.unwrap();
    }
    assert_eq!(purge(&db.pool, &record, now()).await.unwrap(), Purge::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_behind_with_younger_events_keeps_no_settled_booking() {
    let db = testkit::mysql::booking().await;
    let record = ended(&db.pool).await;
    let lane = events::outbox::lane_of(record.hotel_id);
    let others = format!(
        "insert into outbox (lane, records, entries, created_at) values ({lane}, 1, '[]', '2026-11-28 19:23:05')"
    );
    sqlx::query(AssertSqlSafe(others)).execute(&db.pool).await.unwrap();
    assert_eq!(purge(&db.pool, &record, now()).await.unwrap(), Purge::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_waited_for_though_its_row_is_a_little_younger_than_the_change_it_tells() {
    let db = testkit::mysql::booking().await;
    let record = ended(&db.pool).await;
    let lane = events::outbox::lane_of(record.hotel_id);
    for (seconds, becomes) in [(60, Purge::NotSettled), (61, Purge::Done)] {
        let own =
            format!("insert into outbox (lane, records, entries, created_at) values ({lane}, 1, '[]', ?)");
        let at = record.updated_at.plus(chrono::TimeDelta::seconds(seconds)).naive_utc();
        sqlx::query(AssertSqlSafe(own)).bind(at).execute(&db.pool).await.unwrap();
        assert_eq!(purge(&db.pool, &record, now()).await.unwrap(), becomes, "{seconds} s");
        sqlx::query("delete from outbox").execute(&db.pool).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_moved_test_clock_a_booking_waits_for_an_empty_lane() {
    let db = testkit::mysql::booking().await;
    let record = ended(&db.pool).await;
    let lane = events::outbox::lane_of(record.hotel_id);
    let waiting = format!(
        "insert into outbox (lane, records, entries, created_at) values ({lane}, 1, '[]', '2026-11-28 19:23:05')"
    );
    sqlx::query(AssertSqlSafe(waiting)).execute(&db.pool).await.unwrap();
    sqlx::query("update dev_clock set offset_us = -60000000").execute(&db.pool).await.unwrap();
    assert_eq!(purge(&db.pool, &record, now()).await.unwrap(), Purge::NotSettled);
    sqlx::query("update outbox set published_at = now(6)").execute(&db.pool).await.unwrap();
    assert_eq!(purge(&db.pool, &record, now()).await.unwrap(), Purge::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_opens_while_the_purge_waits_for_the_booking_keeps_it() {
    let db = testkit::mysql::booking().await;
    let record = ended(&db.pool).await;
    let id = record.booking_id.uuid();
    let mut holder = db.pool.begin().await.unwrap();
    sqlx::query("select 1 from bookings where booking_id = ? for update")
        .bind(id)
        .execute(&mut *holder)
        .await
        .unwrap();
    let (pool, archived) = (db.pool.clone(), record.clone());
    let purging = tokio::spawn(async move { purge(&pool, &archived, now()).await });
    // It holds for every order of the two; this is the hard one: the purge waits, having seen nothing open.
    testkit::eventually(std::time::Duration::from_secs(10), || async {
        let waits = "show global status like 'Innodb_row_lock_current_waits'";
        let (_, waits): (String, String) = sqlx::query_as(waits).fetch_one(&db.pool).await.unwrap();
        (waits != "0").then_some(())
    })
    .await;
    let owed = "insert into voids (void_id, payment_id, booking_id, hotel_id, share, reason, status, version, created_at, updated_at) \
                values (x'01', x'02', ?, x'03', 0, 'hold_expired', 'owed', 1, now(6), now(6))";
    sqlx::query(owed).bind(id).execute(&mut *holder).await.unwrap();
    holder.commit().await.unwrap();
    assert_eq!(purging.await.unwrap().unwrap(), Purge::NotSettled);
    assert_eq!((count(&db.pool, "bookings").await, count(&db.pool, "purged_bookings").await), (1, 0));
}

async fn some(pool: &MySqlPool, count: usize) -> Vec<BookingRecord> {
    let mut records = Vec::new();
    for _ in 0..count {
        let mut record = testkit::booking::record();
        (record.status, record.version) = (BookingStatus::Completed, 4);
        testkit::booking::insert(pool, &record).await;
        records.push(record);
    }
    records
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_are_settled_go_by_one_transaction() {
    let db = testkit::mysql::booking().await;
    let records = some(&db.pool, 4).await;
    assert!(purge_all(&db.pool, &records[..3].iter().collect::<Vec<_>>(), now()).await.unwrap());
    assert_eq!((count(&db.pool, "bookings").await, count(&db.pool, "purged_bookings").await), (1, 3));
    assert_eq!(purge(&db.pool, &records[0], now()).await.unwrap(), Purge::AlreadyDone);
    assert!(purge_all(&db.pool, &[], now()).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn none_of_many_goes_if_one_is_not_as_it_was_read_back() {
    let db = testkit::mysql::booking().await;
    let records = some(&db.pool, 3).await;
    let moved_on = "update bookings set version = version + 1 where booking_id = ?";
    sqlx::query(moved_on).bind(records[1].booking_id.uuid()).execute(&db.pool).await.unwrap();
    assert!(!purge_all(&db.pool, &records.iter().collect::<Vec<_>>(), now()).await.unwrap());
    assert_eq!((count(&db.pool, "bookings").await, count(&db.pool, "purged_bookings").await), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_those_are_told_of_which_something_is_open() {
    let db = testkit::mysql::booking().await;
    let records = some(&db.pool, 3).await;
    let all: Vec<_> = records.iter().collect();
    assert!(unsettled(&db.pool, &all).await.unwrap().is_empty());
    let owed = "insert into voids (void_id, payment_id, booking_id, hotel_id, share, reason, status, version, created_at, updated_at) \
                values (x'01', x'02', ?, x'03', 0, 'hold_expired', 'owed', 1, now(6), now(6))";
    sqlx::query(owed).bind(records[1].booking_id.uuid()).execute(&db.pool).await.unwrap();
    assert_eq!(unsettled(&db.pool, &all).await.unwrap(), [records[1].booking_id].into());
    let lane = events::outbox::lane_of(records[0].hotel_id);
    let own = format!("insert into outbox (lane, records, entries, created_at) values ({lane}, 1, '[]', ?)");
    sqlx::query(AssertSqlSafe(own)).bind(records[0].updated_at.naive_utc()).execute(&db.pool).await.unwrap();
    let mut waiting: std::collections::BTreeSet<_> = [records[1].booking_id].into();
    let same_lane = records.iter().filter(|record| events::outbox::lane_of(record.hotel_id) == lane);
    waiting.extend(same_lane.map(|record| record.booking_id));
    assert_eq!(unsettled(&db.pool, &all).await.unwrap(), waiting);
    assert!(!purge_all(&db.pool, &all, now()).await.unwrap());
    assert_eq!(count(&db.pool, "bookings").await, 3);
}
