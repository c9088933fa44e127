//! Rows that somebody holds on MySQL: they are named, and are in nobody else's way.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use booking_core::{CancelledBy, Claim, Command, Outcome, Task, Work, shard::Class};
use domain::{BookingId, ClientReference};
use platform::mysql::MySqlSettings;
use sqlx::{AssertSqlSafe, MySql, MySqlPool, Transaction, mysql::MySqlPoolOptions};

use super::{
    door::{Door, lock, made},
    shards::{Process, SHARDS, is_new, outcome},
    stage::{House, Stage, cancel, digest, new_id},
};
use crate::store::{Ledger as _, mysql::MySqlLedger};

/// How long a shard may stand still for a row: one second, and what a loaded machine takes.
const SOON: Duration = Duration::from_secs(10);

/// A ledger whose sessions wait for a lock as those of shards do.
fn ledger(stage: &Stage) -> Arc<MySqlLedger> {
    let settings =
        MySqlSettings { lock_wait_timeout_s: 1, ..MySqlSettings::at(stage.lease.url.clone()).unwrap() };
    Arc::new(MySqlLedger::new(platform::mysql::connect_quietly(&settings).unwrap().0))
}

/// Another copy that carries this out and is stopped before its COMMIT.
async fn frozen(stage: &Stage, sql: &str) -> Transaction<'static, MySql> {
    let mut tx = stage.lease.pool.begin().await.unwrap();
    sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut *tx).await.unwrap();
    tx
}

fn hex(id: BookingId) -> String {
    format!("x'{}'", id.uuid().simple())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_holds_a_row_of_its_money_holds_the_booking() {
    let stage = Stage::with(9, 0).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(stage.booked(&stage.request(&[(stage.double, 1)], 0, 1)).await);
    }
    let [refunded, ended, free] = ids[..] else { panic!("three were booked") };
    stage.pay(refunded, "pr-1").await;
    stage.command(refunded, &cancel(CancelledBy::Hotel)).await.unwrap();
    stage.command(ended, &Command::CheckoutEnded).await.unwrap();
    let claims: BTreeSet<Claim> = [refunded, ended, free].map(Claim::Booking).into();
    for (table, whose) in [("payments", refunded), ("refunds", refunded), ("voids", ended)] {
        let changes =
            format!("update {table} set updated_at = utc_timestamp(6) where booking_id = {}", hex(whose));
        let held = frozen(&stage, &changes).await;
        assert_eq!(stage.ledger.locked(&claims).await.unwrap(), [Claim::Booking(whose)].into(), "{table}");
        held.rollback().await.unwrap();
    }
    assert_eq!(stage.ledger.locked(&claims).await.unwrap(), BTreeSet::new());
}

/// A ledger with one connection, and how many statements that has asked.
async fn counted(stage: &Stage) -> (MySqlLedger, MySqlPool) {
    let pool = MySqlPoolOptions::new().max_connections(1).connect(&stage.lease.url).await.unwrap();
    sqlx::query("set session transaction isolation level read committed").execute(&pool).await.unwrap();
    (MySqlLedger::new(pool.clone()), pool)
}

async fn asked(pool: &MySqlPool) -> u32 {
    let sql = "show session status like 'Com_select'";
    let (_, count): (String, String) = sqlx::query_as(sql).fetch_one(pool).await.unwrap();
    count.parse().unwrap()
}

/// Of keys nobody can say which one is held but who waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_a_thousand_keys_finds_the_held_one_in_few_statements() {
    let stage = Stage::with(1, 0).await;
    let scopes: Vec<Claim> = (0..1_024).map(|_| Claim::Scope(digest())).collect();
    let (user, hotel) = (|| testkit::unique_uuid().into(), || testkit::unique_uuid().into());
    let name = ClientReference::parse("order-1").unwrap();
    let others = (0..300).flat_map(|_| [Claim::Reference(user(), name.clone()), Claim::Numbers(hotel())]);
    let claims: BTreeSet<Claim> = scopes.iter().cloned().chain(others).collect();
    let (ledger, pool) = counted(&stage).await;
    let before = asked(&pool).await;
    assert_eq!(ledger.locked(&claims).await.unwrap(), BTreeSet::new());
    assert_eq!(asked(&pool).await - before, 4, "one for each place that has keys");
    let held = lock(&stage.lease.pool, &scopes[700]).await;
    let before = asked(&pool).await;
    assert_eq!(ledger.locked(&claims).await.unwrap(), [scopes[700].clone()].into());
    let halves = asked(&pool).await - before;
    assert!(halves <= 24, "{halves} for the halves of one place and for the others");
    held.rollback().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_somebody_holds_is_found_among_others_of_its_user() {
    let stage = Stage::with(9, 0).await;
    let user = testkit::unique_uuid();
    let mut claims = BTreeSet::new();
    for nth in 0..8 {
        let mut request = stage.request(&[(stage.double, 1)], 0, 1);
        let name = ClientReference::parse(&format!("order~{nth}")).unwrap();
        (request.user_id, request.client_reference) = (user.into(), Some(name.clone()));
        stage.booked(&request).await;
        claims.insert(Claim::Reference(user.into(), name));
    }
    let (ledger, pool) = counted(&stage).await;
    let of_user = format!("user_id = x'{}' and client_reference = 'order~6'", user.simple());
    let select = format!("select 1 from bookings force index (by_reference) where {of_user} for update");
    let held = frozen(&stage, &select).await;
    let before = asked(&pool).await;
    let name = ClientReference::parse("order~6").unwrap();
    assert_eq!(ledger.locked(&claims).await.unwrap(), [Claim::Reference(user.into(), name)].into());
    assert!(asked(&pool).await - before <= 7, "each by its key: others are in nobody's way");
    held.rollback().await.unwrap();
}

/// A hotel of the same shard, with a double.
async fn neighbour(stage: &Stage) -> House {
    let of = |house: &House| house.hotel.share() % SHARDS;
    let now = stage.ledger.load(&booking_core::Wanted::default()).await.unwrap().now;
    let house = std::iter::repeat_with(|| House::new(now)).find(|house| of(house) == of(stage)).unwrap();
    stage.take_in(house.hotel_event(1, true)).await;
    stage.take_in(house.room_event(house.double, 1, 9)).await;
    house
}

fn booking(house: &House) -> Work {
    let request = house.request(&[(house.double, 1)], 0, 1);
    Work { hotel_id: house.hotel, task: Task::Book(Box::new(request), new_id()) }
}

/// Submits the work, which runs into the lock, and then a booking of another hotel of its shard, which passes; lets go then, and
/// gives what the work has come to.
async fn passed_by_a_neighbour(
    door: &Door,
    (class, work): (Class, Work),
    held: Transaction<'static, MySql>,
) -> Outcome {
    let neighbour = neighbour(door.stage()).await;
    let process = Process::with(door, ledger(door.stage()));
    let began = Instant::now();
    let mut waits = Box::pin(process.shards.submit(class, work));
    // It is in the mailbox once it has been asked.
    assert!(futures::poll!(&mut waits).is_pending());
    assert!(is_new(&process.book(booking(&neighbour)).await));
    assert!(began.elapsed() < SOON, "it took {:?}", began.elapsed());
    assert!(futures::poll!(&mut waits).is_pending(), "it was set aside");
    held.rollback().await.unwrap();
    let outcome = outcome(waits.await);
    process.ends().await;
    outcome
}

/// It may hold the room for five seconds, or for as long as its process stands still.
#[tokio::test(flavor = "multi_thread")]
async fn a_stock_event_that_keeps_its_room_keeps_another_hotel_of_the_shard_waiting_for_a_second() {
    let door = Door::mysql().await;
    let room = door.house.double.uuid().simple().to_string();
    let held =
        frozen(door.stage(), &format!("select 1 from room_stock where room_id = x'{room}' for update")).await;
    made(&passed_by_a_neighbour(&door, (Class::Book, door.book(1, 0)), held).await);
    door.adds_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_of_a_void_that_stands_still_keeps_another_hotel_of_the_shard_waiting_for_a_second() {
    let door = Door::mysql().await;
    let ended = door.stage().booked(&door.house.request(&[(door.house.double, 1)], 0, 1)).await;
    door.stage().command(ended, &Command::CheckoutEnded).await.unwrap();
    let claim = format!("update voids set attempts = attempts + 1 where booking_id = {}", hex(ended));
    let held = frozen(door.stage(), &claim).await;
    let work = door.order(ended, Command::VoidConfirmed);
    let outcome = passed_by_a_neighbour(&door, (Class::Money, work), held).await;
    assert!(matches!(outcome, Outcome::Decided(_)), "{outcome:?}");
}
