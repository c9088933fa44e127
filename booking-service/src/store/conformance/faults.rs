//! What goes wrong leaves nothing half done.

use std::{sync::Arc, time::Duration};

use booking_core::{
    CancelledBy, Created, Outcome, Plan, Refusal, Request, Unreadable, Wanted, create, decide,
};
use domain::BookingId;
use platform::mysql::MySqlSettings;
use sqlx::Connection as _;

use super::{
    figures::Figures,
    stage::{Stage, cancel, digest, ids, new_id, soon},
};
use crate::store::{CommitError, Deadline, Ledger as _, StoreError, Turn, mysql::MySqlLedger};

async fn plan(stage: &Stage, request: &Request) -> Plan {
    let snapshot = stage.ledger.load(&request.wanted()).await.unwrap();
    match create(&snapshot, request, new_id(), &stage.rules).unwrap() {
        (Created::New(_), plan) => plan,
        other @ (Created::Repeat(_) | Created::RepeatArchived(_), _) => panic!("no plan: {other:?}"),
    }
}

async fn cancellation(stage: &Stage, booking: BookingId) -> Plan {
    let snapshot = stage.snapshot(booking).await;
    let cancel = cancel(CancelledBy::Traveller);
    let booking = snapshot.booking(booking).unwrap();
    decide(&snapshot, booking, &cancel, &ids(), &stage.rules).unwrap().1
}

/// Every way in which a plan of a new booking can be out of date.
fn stale_bookings(good: &Plan, held: &Plan) -> Vec<(&'static str, Plan)> {
    let broken = |name, change: &dyn Fn(&mut Plan)| {
        let mut plan = good.clone();
        change(&mut plan);
        (name, plan)
    };
    vec![
        broken("stock version", &|plan| plan.stock.values_mut().for_each(|version| *version += 1)),
        broken("a room that is not there", &|plan| {
            plan.stock.insert(testkit::unique_uuid().into(), 1);
        }),
        broken("more units than there are", &|plan| {
            plan.nights.values_mut().last().unwrap().taken = 100;
        }),
        broken("more given back than sold", &|plan| {
            plan.nights.values_mut().last().unwrap().given_back = 100;
        }),
        broken("a used scope", &|plan| plan.bookings[0].key.scope = held.bookings[0].key.scope),
        broken("a used id", &|plan| plan.bookings[0].record.booking_id = held.bookings[0].record.booking_id),
        broken("a used reference", &|plan| {
            plan.bookings[0].record.user_id = held.bookings[0].record.user_id;
            plan.bookings[0].record.client_reference = held.bookings[0].record.client_reference.clone();
        }),
        broken("a night that is not there", &|plan| {
            let (at, delta) = plan.nights.pop_last().unwrap();
            plan.nights.insert((at.0, at.1.checked_add_days(chrono::Days::new(300)).unwrap()), delta);
        }),
    ]
}

/// Every way in which a plan of a transition can be out of date.
fn stale_moves(good: &Plan) -> Vec<(&'static str, Plan)> {
    let broken = |name, change: &dyn Fn(&mut Plan)| {
        let mut plan = good.clone();
        change(&mut plan);
        (name, plan)
    };
    vec![
        broken("the booking's version", &|plan| plan.moves[0].from_version += 1),
        broken("the booking's status", &|plan| {
            plan.moves[0].from_status = domain::booking::BookingStatus::Reserved;
        }),
        broken("a booking that only has to stand", &|plan| {
            plan.moves[0].from_version += 1;
            plan.moves[0].after = None;
        }),
        broken("the payment's status", &|plan| {
            plan.payments[0].before.as_mut().unwrap().status = domain::booking::PaymentStatus::Failed;
        }),
        broken("a payment that is there", &|plan| plan.payments[0].before = None),
        broken("a refund that is not owed", &|plan| {
            plan.refunds_confirmed.push(testkit::unique_uuid().into());
        }),
        broken("a void that is not owed", &|plan| {
            plan.voids_settled.push((testkit::unique_uuid().into(), booking_core::VoidStatus::Confirmed));
        }),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_that_misses_makes_the_plan_stale_and_changes_nothing() {
    let stage = Stage::with(5, 2).await;
    let mut first = stage.request(&[(stage.double, 1)], 0, 2);
    first.client_reference = Some(domain::ClientReference::parse("order-1").unwrap());
    let held = plan(&stage, &first).await;
    stage.ledger.commit(&held, &soon()).await.unwrap();
    let id = held.bookings[0].record.booking_id;
    stage.pay(id, "pr-1").await;
    let request = stage.request(&[(stage.double, 1), (stage.suite, 1)], 0, 2);
    let good = plan(&stage, &request).await;
    stage.stock.ensure_nights(&good.untouched).await.unwrap();
    let leaving = cancellation(&stage, id).await;
    let before = stage.fingerprint().await;
    for (name, stale) in stale_bookings(&good, &held).into_iter().chain(stale_moves(&leaving)) {
        let answer = stage.ledger.commit(&stale, &soon()).await;
        assert!(matches!(answer, Err(CommitError::Stale)), "{name}: {answer:?}");
        assert_eq!(stage.fingerprint().await, before, "{name} left something behind");
    }
    stage.ledger.commit(&good, &soon()).await.unwrap();
    stage.ledger.commit(&leaving, &soon()).await.unwrap();
    stage.nights_add_up().await;
}

/// No guard of the row has missed, so no second decision can come to anything else: it is told as what it is.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_check_refuses_is_a_defect_with_its_cause_and_changes_nothing() {
    let stage = Stage::with(5, 2).await;
    let id = stage.booked(&stage.request(&[(stage.double, 1)], 0, 2)).await;
    stage.pay(id, "pr-1").await;
    let mut overdrawn = cancellation(&stage, id).await;
    let captured = overdrawn.payments[0].after.captured;
    overdrawn.payments[0].after.refunded = captured.times(2).unwrap();
    let before = stage.fingerprint().await;
    let direct = stage.ledger.commit(&overdrawn, &soon()).await;
    let locked = stage.ledger.commit_locked(&Wanted::booking(id), &|_| overdrawn.clone()).await.map(drop);
    for answer in [direct, locked] {
        let Err(defect @ CommitError::Defect(_)) = answer else { panic!("no defect: {answer:?}") };
        assert!(platform::causes::causes(&defect).contains("payments_refunds"), "{defect:?}");
    }
    assert_eq!(stage.fingerprint().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_run_again_after_an_unknown_outcome_gives_the_same_booking() {
    let stage = Stage::with(1, 0).await;
    let request = stage.request(&[(stage.double, 1)], 0, 1);
    let id = new_id();
    let snapshot = stage.ledger.load(&request.wanted()).await.unwrap();
    let (made, plan) = create(&snapshot, &request, id, &stage.rules).unwrap();
    stage.ledger.commit(&plan, &soon()).await.unwrap();
    // The answer was lost: the plan itself is stale, the work finds what it has made.
    assert!(matches!(stage.ledger.commit(&plan, &soon()).await, Err(CommitError::Stale)));
    assert_eq!(stage.book_with(&request, id).await.unwrap(), made, "not a repeat: its own");
    assert_eq!(stage.count("select count(*) from bookings").await, 1);
    stage.nights_add_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_killed_right_before_the_commit_leaves_nothing_and_the_plan_is_written_once() {
    let stage = Arc::new(Stage::with(1, 0).await);
    let request = stage.request(&[(stage.double, 1)], 0, 2);
    let made = plan(&stage, &request).await;
    stage.stock.ensure_nights(&made.untouched).await.unwrap();
    let mut holder = sqlx::MySqlConnection::connect(&stage.lease.url).await.unwrap();
    let mut held = holder.begin().await.unwrap();
    sqlx::query("select * from available_rooms where room_id = ? for update")
        .bind(stage.double.uuid())
        .fetch_all(&mut *held)
        .await
        .unwrap();
    let writer = {
        let (stage, made) = (Arc::clone(&stage), made.clone());
        tokio::spawn(async move { stage.ledger.commit(&made, &soon()).await })
    };
    let id = testkit::eventually(Duration::from_secs(2), || waiting(&stage)).await;
    sqlx::query(sqlx::AssertSqlSafe(format!("kill {id}"))).execute(&stage.lease.pool).await.unwrap();
    assert_eq!(stage.count("select count(*) from bookings").await, 0);
    assert_eq!(stage.count("select count(*) from outbox").await, 0);
    held.rollback().await.unwrap();
    let gone = writer.await.unwrap();
    assert!(matches!(gone, Err(CommitError::Store(StoreError::Unavailable(_)))), "{gone:?}");
    stage.ledger.commit(&made, &soon()).await.unwrap();
    assert_eq!(stage.count("select count(*) from bookings").await, 1);
    stage.nights_add_up().await;
}

/// The connection that waits in an update of this database's nights.
async fn waiting(stage: &Stage) -> Option<i64> {
    let sessions = stage.lease.sessions().await;
    sessions
        .iter()
        .find(|session| session.statement().starts_with("update (values"))
        .map(|session| session.id)
}

/// Two transactions want two nights in two orders. The server gives up the one that has written less, which is the plan's.
#[tokio::test]
async fn a_plan_that_the_server_gives_up_in_a_deadlock_is_run_again_and_written_once() {
    let figures = Figures::here();
    let stage = Arc::new(Stage::with(2, 0).await);
    let request = stage.request(&[(stage.double, 1)], 0, 2);
    stage.stock.ensure_nights(&plan(&stage, &request).await.untouched).await.unwrap();
    let made = plan(&stage, &request).await;
    let mut other = stage.lease.pool.begin().await.unwrap();
    let much = "insert into inbox (consumer_group, event_id, handled_at) with recursive n (n) as \
                (select 1 union all select n + 1 from n where n < 500) \
                select 'much', unhex(lpad(hex(n), 32, '0')), utc_timestamp(6) from n";
    sqlx::query(much).execute(&mut *other).await.unwrap();
    let touch = "update available_rooms set updated_at = utc_timestamp(6) where room_id = ? and date = ?";
    let touch = |after: u64| sqlx::query(touch).bind(stage.double.uuid()).bind(stage.night(after));
    touch(1).execute(&mut *other).await.unwrap();
    let writer = {
        let (stage, made) = (Arc::clone(&stage), made.clone());
        tokio::spawn(async move { stage.ledger.commit(&made, &soon()).await })
    };
    testkit::eventually(Duration::from_secs(30), || async {
        let sql = "show global status like 'Innodb_row_lock_current_waits'";
        let (_, waits): (String, String) = sqlx::query_as(sql).fetch_one(&stage.lease.pool).await.unwrap();
        waiting(&stage).await.filter(|_| waits != "0")
    })
    .await;
    touch(0).execute(&mut *other).await.unwrap();
    other.rollback().await.unwrap();
    writer.await.unwrap().unwrap();
    assert!(figures.has("mysql_units_retried_total"), "there was no deadlock");
    assert_eq!(stage.count("select count(*) from bookings").await, 1);
    stage.nights_add_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leaves_no_row_and_the_same_key_may_succeed_later() {
    let stage = Stage::with(1, 0).await;
    let first = stage.booked(&stage.request(&[(stage.double, 1)], 0, 1)).await;
    let request = stage.request(&[(stage.double, 1)], 0, 1);
    let before = stage.fingerprint().await;
    assert!(stage.book(&request).await.is_err());
    assert_eq!(stage.fingerprint().await, before);
    let cancel = cancel(CancelledBy::Traveller);
    stage.command(first, &cancel).await.unwrap();
    stage.booked(&request).await;
    let keys = stage.ledger.load(&Wanted::default().and_scope(digest())).await.unwrap().keys;
    assert!(keys.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_committed_in_time_is_rolled_back() {
    let stage = Stage::with(1, 0).await;
    let request = stage.request(&[(stage.double, 1)], 0, 1);
    stage.stock.ensure_nights(&plan(&stage, &request).await.untouched).await.unwrap();
    let made = plan(&stage, &request).await;
    let before = stage.fingerprint().await;
    let late = stage.ledger.commit(&made, &Turn::alone(Deadline::after(Duration::ZERO))).await;
    assert!(matches!(late, Err(CommitError::Stale)));
    assert_eq!(stage.fingerprint().await, before);
    let ledger = MySqlLedger::new(stage.lease.pool.clone()).committing_within(Duration::ZERO);
    let late = ledger.commit_locked(&request.wanted(), &|_| made.clone()).await;
    assert!(matches!(late, Err(CommitError::Stale)));
    assert_eq!(stage.fingerprint().await, before);
    stage.ledger.commit(&made, &soon()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hotel_or_room_that_does_not_parse_is_named_and_the_others_are_read() {
    let stage = Stage::with(2, 2).await;
    let sql = "update room_stock set currency = '???' where room_id = ?";
    sqlx::query(sql).bind(stage.double.uuid()).execute(&stage.lease.pool).await.unwrap();
    let named = stage.request(&[(stage.double, 1), (stage.suite, 1)], 0, 1).wanted();
    let mut all = named.clone();
    all.stays[0].rooms.clear();
    for (wanted, by_its_name) in [(&named, true), (&all, false)] {
        let read = stage.ledger.load(wanted).await.unwrap();
        let room = Unreadable::Room(stage.double);
        assert_eq!((&read.unreadable, wanted.names(room)), (&[room].into(), by_its_name));
        assert_eq!(read.rooms.into_keys().collect::<Vec<_>>(), [stage.suite]);
        assert!(read.hotels.contains_key(&stage.hotel));
    }
    sqlx::query("update hotels_seen set time_zone = 'No/Where'").execute(&stage.lease.pool).await.unwrap();
    let suite = stage.request(&[(stage.suite, 1)], 0, 1).wanted();
    let read = stage.ledger.load(&suite).await.unwrap();
    assert_eq!(read.unreadable, [Unreadable::Hotel(stage.hotel)].into());
    assert!(read.hotels.is_empty() && read.rooms.contains_key(&stage.suite));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_does_not_parse_is_told_apart_from_a_database_that_does_not_answer() {
    let stage = Stage::with(2, 0).await;
    let odd = stage.booked(&stage.request(&[(stage.double, 1)], 0, 1)).await;
    let good = stage.booked(&stage.request(&[(stage.double, 1)], 0, 1)).await;
    let sql = "update bookings set facts = 'x' where booking_id = ?";
    sqlx::query(sql).bind(odd.uuid()).execute(&stage.lease.pool).await.unwrap();
    let mut both = Wanted::booking(odd);
    both.merge(Wanted::booking(good));
    let read = stage.ledger.load(&both).await.unwrap();
    assert_eq!(read.unreadable, [Unreadable::Booking(odd)].into());
    assert_eq!(read.bookings.into_keys().collect::<Vec<_>>(), [good], "the others are read all the same");
    let closed = platform::mysql::connect(&MySqlSettings::at(stage.lease.url.clone()).unwrap()).unwrap();
    closed.close().await;
    let gone = MySqlLedger::new(closed).load(&Wanted::booking(good)).await;
    assert!(matches!(gone, Err(StoreError::Unavailable(_))), "{gone:?}");
}

/// The server finds it by the name without the spaces at its end, which nobody can have given it.
#[tokio::test(flavor = "multi_thread")]
async fn a_reference_that_does_not_parse_is_named_used_and_stops_nobody_else() {
    let stage = Stage::with(5, 0).await;
    let name = |name: &str| Some(domain::ClientReference::parse(name).unwrap());
    let mut first = stage.request(&[(stage.double, 1)], 0, 1);
    first.client_reference = name("order-1");
    let odd = stage.booked(&first).await;
    let broken = "update bookings set client_reference = 'order-1 '";
    sqlx::query(broken).execute(&stage.lease.pool).await.unwrap();
    let mut same = stage.request(&[(stage.double, 1)], 0, 1);
    (same.user_id, same.client_reference) = (first.user_id, name("order-1"));
    let mut other = stage.request(&[(stage.double, 1)], 0, 1);
    other.client_reference = name("order-2");
    let mut both = same.wanted();
    both.merge(other.wanted());
    let read = stage.ledger.load(&both).await.unwrap();
    assert_eq!(read.unreadable, [Unreadable::Booking(odd)].into());
    let outcomes = stage.book_locked(&[same, other]).await;
    let reused = |outcome: &Outcome| *outcome == Outcome::Refused(Refusal::ClientReferenceReused(odd));
    assert!(reused(&outcomes[0]), "the name is used, whatever else is wrong with it: {outcomes:?}");
    assert!(matches!(outcomes[1], Outcome::Created(Created::New(_))), "{outcomes:?}");
}
