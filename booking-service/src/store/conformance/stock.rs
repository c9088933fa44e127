//! Hotels and rooms come in by events, late, twice and too low.

use std::collections::BTreeSet;

use booking_core::{CancelledBy, Refusal, Wanted, WantedStay, create};

use super::stage::{Stage, TOLD, cancel, new_id, soon};
use crate::store::{CommitError, StoreError, Taken};

#[tokio::test(flavor = "multi_thread")]
async fn an_old_or_repeated_event_changes_nothing() {
    let stage = Stage::with(3, 1).await;
    let before = stage.fingerprint().await;
    assert_eq!(stage.take_in(stage.hotel_event(1, false)).await, Taken::Old);
    assert_eq!(stage.take_in(stage.room_event(stage.double, 1, 9)).await, Taken::Old);
    assert_eq!(stage.fingerprint().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivated_hotel_stops_sales_even_for_a_plan_made_before() {
    let stage = Stage::with(3, 1).await;
    let request = stage.request(&[(stage.double, 1)], 0, 1);
    let snapshot = stage.ledger.load(&request.wanted()).await.unwrap();
    let (_, plan) = create(&snapshot, &request, new_id(), &stage.rules).unwrap();
    stage.take_in(stage.hotel_event(2, false)).await;
    assert!(matches!(stage.ledger.commit(&plan, &soon()).await, Err(CommitError::Stale)));
    assert_eq!(stage.book(&request).await.unwrap_err(), Refusal::Restricted { lines: vec![0] });
    stage.take_in(stage.hotel_event(3, true)).await;
    stage.booked(&request).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hotel_that_stays_on_sale_makes_no_plan_stale() {
    let stage = Stage::with(3, 1).await;
    let request = stage.request(&[(stage.double, 1)], 0, 1);
    let snapshot = stage.ledger.load(&request.wanted()).await.unwrap();
    let (_, plan) = create(&snapshot, &request, new_id(), &stage.rules).unwrap();
    assert_eq!(stage.take_in(stage.hotel_event(2, true)).await, Taken::Written);
    stage.ledger.commit(&plan, &soon()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_rooms_events_that_come_together_only_the_newest_is_written() {
    let stage = Stage::with(3, 1).await;
    let events = [
        stage.room_event(stage.double, 2, 4),
        stage.room_event(stage.suite, 2, 2),
        stage.hotel_event(2, true),
        stage.room_event(stage.double, 3, 5),
    ];
    let taken: Vec<_> = stage.stock.take_in(&events).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(taken, [Taken::Old, Taken::Written, Taken::Written, Taken::Written]);
    let rooms = "select count(*) from room_stock where stock_version = 2 and (quantity, room_version) in ((5, 3), (2, 2))";
    assert_eq!(stage.count(rooms).await, 2);
    assert_eq!(stage.count("select count(*) from hotels_seen where version = 2").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_row_among_many_events_is_named_alone() {
    let stage = Stage::with(3, 1).await;
    let damage =
        sqlx::query("update room_stock set currency = '???' where room_id = ?").bind(stage.suite.uuid());
    damage.execute(&stage.lease.pool).await.unwrap();
    let events = [
        stage.room_event(stage.double, 2, 4),
        stage.room_event(stage.suite, 2, 2),
        stage.room_event(stage.double, 3, 5),
    ];
    let taken = stage.stock.take_in(&events).await;
    assert!(
        matches!(taken.as_slice(), [Ok(_), Err(StoreError::Unreadable(_)), Ok(Taken::Written)]),
        "{taken:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_leaves_the_quantity_as_it_is_waits_for_no_night() {
    let stage = Stage::with(3, 1).await;
    stage.booked(&stage.request(&[(stage.double, 1)], 0, 2)).await;
    let mut selling = stage.lease.pool.begin().await.unwrap();
    let lock = sqlx::query("select date from available_rooms for update");
    assert_eq!(lock.fetch_all(&mut *selling).await.unwrap().len(), 2);
    let within = std::time::Duration::from_secs(1);
    let event = stage.take_in(stage.room_event(stage.double, 2, 3));
    assert_eq!(tokio::time::timeout(within, event).await.unwrap(), Taken::Written);
    selling.rollback().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn new_quantities_reach_all_touched_nights_of_their_rooms_and_are_told() {
    let stage = Stage::with(3, 1).await;
    stage.booked(&stage.request(&[(stage.double, 1), (stage.suite, 1)], 0, 3)).await;
    let told = &format!("select count(*) from {TOLD} where date is not null");
    let before = stage.count(told).await;
    let events = [stage.room_event(stage.double, 2, 7), stage.room_event(stage.suite, 2, 4)];
    stage
        .stock
        .take_in(&events)
        .await
        .into_iter()
        .for_each(|taken| assert_eq!(taken.unwrap(), Taken::Written));
    for (room, quantity) in [(stage.double, 7), (stage.suite, 4)] {
        let sql = "select initial_quantity, available_quantity from available_rooms where room_id = ?";
        let nights = sqlx::query_as(sql).bind(room.uuid()).fetch_all(&stage.lease.pool);
        let nights: Vec<(u32, u32)> = nights.await.unwrap();
        assert_eq!(nights, [(quantity, quantity - 1); 3]);
    }
    assert_eq!(stage.count(told).await, before + 6);
    stage.nights_add_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_cannot_be_sold_before_its_hotel_is_seen() {
    let mut stage = Stage::with(3, 1).await;
    stage.house.hotel = testkit::unique_uuid().into();
    let room = testkit::unique_uuid().into();
    stage.take_in(stage.room_event(room, 1, 3)).await;
    let request = stage.request(&[(room, 1)], 0, 1);
    assert_eq!(stage.book(&request).await.unwrap_err(), Refusal::UnknownHotel(stage.hotel));
    stage.take_in(stage.hotel_event(1, true)).await;
    stage.booked(&request).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quantity_below_what_is_sold_stands_as_a_shortfall_and_heals_by_give_backs() {
    let stage = Stage::with(5, 0).await;
    let mut sold = Vec::new();
    for _ in 0..4 {
        sold.push(stage.booked(&stage.request(&[(stage.double, 1)], 0, 1)).await);
    }
    stage.take_in(stage.room_event(stage.double, 2, 2)).await;
    assert_eq!(night(&stage).await, (4, 0));
    let told = &format!("select count(*) from {TOLD} where date is not null");
    let before = stage.count(told).await;
    for (id, after) in sold.into_iter().zip([(3, 0), (2, 0), (2, 1), (2, 2)]) {
        let cancel = cancel(CancelledBy::Traveller);
        stage.command(id, &cancel).await.unwrap();
        assert_eq!(night(&stage).await, after);
        stage.nights_add_up().await;
    }
    assert_eq!(stage.count(told).await, before + 4);
}

async fn night(stage: &Stage) -> (u32, u32) {
    sqlx::query_as(
        "select initial_quantity, available_quantity from available_rooms where room_id = ? and date = ?",
    )
    .bind(stage.double.uuid())
    .bind(stage.first)
    .fetch_one(&stage.lease.pool)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nights_are_made_once_from_the_rooms_stock_and_only_for_known_rooms() {
    let stage = Stage::with(5, 0).await;
    let nights = BTreeSet::from([
        (stage.double, stage.first),
        (stage.double, stage.night(1)),
        (testkit::unique_uuid().into(), stage.first),
    ]);
    for _ in 0..2 {
        stage.stock.ensure_nights(&nights).await.unwrap();
    }
    assert_eq!(stage.count("select count(*) from available_rooms where available_quantity = 5").await, 2);
    assert_eq!(stage.count("select count(*) from available_rooms").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_more_rooms_than_are_read_those_on_sale_with_the_lowest_price_of_a_night_are() {
    let stage = Stage::with(1, 1).await;
    // All begin lower than the double and the suite; those on sale cost more a night.
    for (is_active, stop_sell, price_max) in [(true, false, 90_000), (true, true, 1), (false, false, 1)] {
        let sql = "insert into room_stock \
                   with digits as (select d from json_table('[0,1,2,3,4,5,6,7,8,9]', '$[*]' columns (d int path '$')) t) \
                   select uuid_to_bin(uuid()), hotel_id, display_name, occupancy, quantity, 0, 1, ?, currency, ?, \
                     hotel_active, ?, room_version, hotel_version, stock_version, created_at, updated_at \
                   from room_stock, digits a, digits b, digits c, digits e where room_id = ? limit 5000";
        let made = sqlx::query(sql).bind(price_max).bind(is_active).bind(stop_sell).bind(stage.double.uuid());
        made.execute(&stage.lease.pool).await.unwrap();
    }
    let dates = domain::StayDates::parse(stage.first, stage.night(1)).unwrap();
    let stays = vec![WantedStay { hotel_id: stage.hotel, rooms: BTreeSet::new(), dates }];
    let rooms = stage.ledger.load(&Wanted { stays, ..Wanted::default() }).await.unwrap().rooms;
    assert_eq!(rooms.len(), 5_000);
    assert!([stage.double, stage.suite].iter().all(|room| rooms.contains_key(room)));
    assert!(rooms.values().all(booking_core::RoomStock::on_sale), "a room off sale came before one on sale");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_under_locks_makes_the_nights_it_needs() {
    let stage = Stage::with(5, 0).await;
    let request = stage.request(&[(stage.double, 1)], 0, 2);
    let id = new_id();
    let decide = |snapshot: &booking_core::Snapshot| create(snapshot, &request, id, &stage.rules).unwrap().1;
    stage.ledger.commit_locked(&request.wanted(), &decide).await.unwrap();
    assert!(stage.ledger.load(&Wanted::booking(id)).await.unwrap().bookings.contains_key(&id));
    stage.nights_add_up().await;
}
