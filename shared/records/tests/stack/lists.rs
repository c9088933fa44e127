use chrono::Days;
use domain::{
    Instant, StayDates,
    booking::{BookingRecord, BookingStatus},
};
use records::{ActiveBookings, EndedPosition, Head, HotelList, Order, Position, UserList, View};
use testkit::unique_uuid;

fn record(days: u64, status: BookingStatus) -> BookingRecord {
    let mut record = testkit::booking::record();
    let start = record.dates.start_date().checked_add_days(Days::new(days)).unwrap();
    record.dates = StayDates::parse(start, start.succ_opt().unwrap()).unwrap();
    record.status = status;
    record
}

/// Nine bookings of one user and hotel, some on the same day, in every status.
async fn nine(pool: &sqlx::MySqlPool) -> Vec<BookingRecord> {
    let (user, hotel) = (unique_uuid().into(), unique_uuid().into());
    let mut records = Vec::new();
    for (days, status) in [3, 0, 3, 1, 9, 1, 40, 2, 0].into_iter().zip(BookingStatus::ALL.iter().cycle()) {
        let mut record = record(days, *status);
        (record.user_id, record.hotel_id) = (user, hotel);
        testkit::booking::insert(pool, &record).await;
        records.push(record);
    }
    records
}

fn positions<'a>(records: impl Iterator<Item = &'a BookingRecord>, order: Order) -> Vec<Position> {
    let mut positions: Vec<Position> = records.map(Position::of).collect();
    positions.sort_by(|a, b| order.compare(*a, *b));
    positions
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_is_in_its_order_and_pages_join_without_gap() {
    let db = testkit::mysql::booking().await;
    let active = ActiveBookings::new(db.pool.clone());
    let all = nine(&db.pool).await;
    // The last day on which one of them arrives.
    let today = all.iter().map(|record| record.dates.start_date()).max().unwrap();
    for view in [View::Upcoming, View::Past, View::Cancelled, View::All] {
        let list = UserList { user_id: all[0].user_id, view, today };
        let (mut got, mut after): (Vec<Head>, _) = (Vec::new(), None);
        loop {
            let page = active.of_user(&list, after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.position);
            got.extend(page);
        }
        let got: Vec<Position> = got.into_iter().map(|head| head.position).collect();
        assert_eq!(got, positions(all.iter().filter(|record| list.holds(record)), view.order()), "{view:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hotels_list_means_the_same_in_sql_as_in_rust() {
    let db = testkit::mysql::booking().await;
    let active = ActiveBookings::new(db.pool.clone());
    let all = nine(&db.pool).await;
    testkit::booking::insert(&db.pool, &record(0, BookingStatus::Booked)).await;
    let one = &all[3];
    let plain = HotelList {
        hotel_id: one.hotel_id,
        start_from: "2026-01-01".parse().unwrap(),
        start_to: "2027-12-31".parse().unwrap(),
        status: None,
        room_id: None,
        updated_since: None,
        confirmation_number: None,
    };
    let day = one.dates.start_date();
    let later = one.updated_at.plus(chrono::TimeDelta::microseconds(1));
    let lists = [
        plain.clone(),
        HotelList { start_from: day, start_to: day, ..plain.clone() },
        HotelList { status: Some(BookingStatus::Booked), ..plain.clone() },
        HotelList { room_id: Some(one.facts.lines[0].room_id), ..plain.clone() },
        HotelList { updated_since: Some(one.updated_at), ..plain.clone() },
        HotelList { updated_since: Some(later), ..plain.clone() },
        HotelList { confirmation_number: Some(one.booking_id.confirmation_number()), ..plain.clone() },
    ];
    for list in lists {
        let got = active.of_hotel(&list, None, 50).await.unwrap();
        let got: Vec<Position> = got.into_iter().map(|head| head.position).collect();
        assert_eq!(
            got,
            positions(all.iter().filter(|record| list.holds(record)), HotelList::ORDER),
            "{list:?}"
        );
    }
    let first = active.of_hotel(&plain, None, 4).await.unwrap();
    let rest = active.of_hotel(&plain, first.last().map(|head| head.position), 50).await.unwrap();
    assert_eq!(first.len() + rest.len(), all.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hotels_page_is_read_from_its_index_alone() {
    let db = testkit::mysql::booking().await;
    nine(&db.pool).await;
    let plan: String = sqlx::query_scalar(
        "explain format=tree select booking_id, version from bookings force index (by_hotel) where hotel_id = x'00' \
         and start_date >= '2026-01-01' and status in ('BOOKED') order by start_date, booking_id limit 20",
    )
    .fetch_one(&db.pool)
    .await
    .unwrap();
    assert!(plan.contains("Covering index") && plan.contains("by_hotel"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archivers_scan_sees_every_ended_booking_once_in_the_order_of_its_end() {
    let db = testkit::mysql::booking().await;
    let active = ActiveBookings::new(db.pool.clone());
    let mut all = nine(&db.pool).await;
    let now: Instant = "2026-12-01T00:00:00Z".parse().unwrap();
    for (record, minutes) in all.iter_mut().zip([5, 1, 1, 3, 9, 2, 2, 2, 4]) {
        record.updated_at = now.plus(chrono::TimeDelta::minutes(minutes));
        testkit::booking::insert(&db.pool, record).await;
    }
    let until = now.plus(chrono::TimeDelta::minutes(2));
    for status in [BookingStatus::Cancelled, BookingStatus::Completed] {
        let (mut got, mut after) = (Vec::new(), EndedPosition::first());
        loop {
            let page = active.ended(status, until, after, 1).await.unwrap();
            let Some(last) = page.last() else { break };
            after = last.position;
            got.push(last.position);
        }
        let ended = all.iter().filter(|record| record.status == status && record.updated_at <= until);
        let mut wanted: Vec<EndedPosition> = ended
            .map(|record| EndedPosition { at: record.updated_at, booking_id: record.booking_id })
            .collect();
        wanted.sort();
        assert_eq!(got, wanted, "{status}");
    }
}

/// Rows that this connection has read in the order of an index or of a sort.
async fn read(pool: &sqlx::MySqlPool) -> u64 {
    let sql = "show session status where variable_name in \
               ('Handler_read_next', 'Handler_read_rnd', 'Handler_read_rnd_next')";
    let counts: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(pool).await.unwrap();
    counts.iter().map(|(_, count)| count.parse::<u64>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_archivers_scan_costs_what_is_on_it() {
    let db = testkit::mysql::booking().await;
    let now: Instant = "2026-12-01T00:00:00Z".parse().unwrap();
    for n in 0..90_u32 {
        let mut record = record(n.into(), BookingStatus::Cancelled);
        // Three of each moment.
        record.updated_at = now.plus(chrono::TimeDelta::minutes((n / 3).into()));
        testkit::booking::insert(&db.pool, &record).await;
    }
    let one = sqlx::mysql::MySqlPoolOptions::new().max_connections(1);
    let one = one.connect_with((*db.pool.connect_options()).clone()).await.unwrap();
    let active = ActiveBookings::new(one.clone());
    let until = now.plus(chrono::TimeDelta::days(1));
    let first = active.ended(BookingStatus::Cancelled, until, EndedPosition::first(), 5).await.unwrap();
    let before = read(&one).await;
    let after = first.last().unwrap().position;
    assert_eq!(active.ended(BookingStatus::Cancelled, until, after, 5).await.unwrap().len(), 5);
    let rows = read(&one).await - before;
    assert!(rows < 40, "{rows} rows were read for five");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archivers_scan_knows_from_mysql_alone_what_is_archived() {
    let db = testkit::mysql::booking().await;
    let active = ActiveBookings::new(db.pool.clone());
    let mut record = record(0, BookingStatus::Completed);
    testkit::booking::insert(&db.pool, &record).await;
    let archived = async || {
        let until = "2027-01-01T00:00:00Z".parse().unwrap();
        let page = active.ended(BookingStatus::Completed, until, EndedPosition::first(), 9).await.unwrap();
        page.first().map(|ended| ended.is_archived)
    };
    assert_eq!(archived().await, Some(false));
    assert_eq!(records::confirm_all(&db.pool, &[&record]).await.unwrap(), 1);
    assert_eq!(archived().await, Some(true));
    // It moves on: what was confirmed is not what it is now.
    sqlx::query("update bookings set version = version + 1").execute(&db.pool).await.unwrap();
    assert_eq!(archived().await, Some(false));
    assert_eq!(records::confirm_all(&db.pool, &[&record]).await.unwrap(), 0);
    record.version += 1;
    assert_eq!(records::confirm_all(&db.pool, &[&record]).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_are_archived_those_that_have_moved_on_are_not_noted() {
    let db = testkit::mysql::booking().await;
    let made: Vec<_> = (0..4).map(|n| record(n, BookingStatus::Cancelled)).collect();
    for record in &made {
        testkit::booking::insert(&db.pool, record).await;
    }
    let moved_on = "update bookings set version = version + 1 where booking_id = ?";
    sqlx::query(moved_on).bind(made[2].booking_id.uuid()).execute(&db.pool).await.unwrap();
    let held: Vec<_> = made.iter().rev().collect();
    assert_eq!(records::confirm_all(&db.pool, &held).await.unwrap(), 3);
    let noted = "select count(*) from bookings where archived_version = version";
    assert_eq!(db.number(noted).await, 3);
    assert_eq!(records::confirm_all(&db.pool, &[]).await.unwrap(), 0);
}
